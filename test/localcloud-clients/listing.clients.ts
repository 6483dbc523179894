import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ListObjectsV2CommandInput, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { after, before, describe } from 'mocha'
import { Lanes } from '../support/lanes.ts'
import { type CloudProcess, spawnLocalcloud } from '../support/localcloud-process.ts'
import type { CommandClient } from './support/clients.ts'
import { proves } from './support/feature-table.ts'
import { fillStore, type ListModel, manyKeys } from './support/many-keys.ts'
import { runClient } from './support/run-client.ts'

const KEYS = 100_000
const Bucket = 'media'

describe(`a listing of ${KEYS} keys`, function () {
  this.timeout(240_000)
  const lanes = new Lanes(2)
  let folder: string
  let model: ListModel
  let cloud: CloudProcess
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reelmill-clients-keys-'))
    model = manyKeys(KEYS)
    await fillStore(join(folder, 'localcloud', 's3'), Bucket, model.keys)
    cloud = await spawnLocalcloud(folder)
  })
  after(async () => {
    await lanes.end()
    await cloud?.kill('SIGTERM')
    await rm(folder, { recursive: true, force: true })
  })
  const run = (client: CommandClient, ...args: string[]) => runClient(cloud.s3Url, client, ...args)

  proves('SDK v3', '100k keys', 'lists them right, page by page and for every delimiter', async () => {
    const whole = await pages(cloud, {})
    assert.equal(whole.length, KEYS / 1_000)
    assert.deepEqual(whole.flat(), model.keys)
    const listings: readonly (Listing & { Delimiter?: string })[] = [
      { Delimiter: '/' },
      { Delimiter: '/', MaxKeys: 7, Prefix: 'jobs' },
      { Delimiter: '/', Prefix: 'jobs/' },
      { Delimiter: '/', Prefix: 'jobs/3/', MaxKeys: 999 },
      { Delimiter: '/', Prefix: 'media-7' },
      { Delimiter: '-' },
      { Delimiter: '/deep' },
      { Delimiter: '語' },
      { Delimiter: '😀', Prefix: 'flat' },
      { Prefix: '😀' },
      { Prefix: 'nothing begins so' },
      { Delimiter: '/', StartAfter: 'jobs/3/' },
      { Delimiter: '/', StartAfter: 'jobs/3/x', Prefix: 'jobs/' },
      { StartAfter: model.keys[77_777] ?? '', Prefix: 'media-' },
    ]
    for (const listing of listings) {
      const { Prefix = '', Delimiter = '', StartAfter, MaxKeys = 1_000 } = listing
      const wanted = model.list(Prefix, Delimiter, StartAfter)
      const found = await pages(cloud, listing)
      assert.deepEqual(found.flat(), wanted, JSON.stringify(listing))
      const sizes = found.map((page) => page.length)
      assert.ok(
        sizes.slice(0, -1).every((size) => size === MaxKeys),
        `${JSON.stringify(listing)} came in pages of ${sizes}`,
      )
    }
  })

  const sameKeys = (found: readonly string[]) => {
    assert.equal(found.length, KEYS)
    assert.equal(digest(found), digest(model.keys))
  }
  const everyClient = {
    'AWS CLI': async () =>
      sameKeys(
        JSON.parse(
          await run('aws', 's3api', 'list-objects-v2', `--bucket=${Bucket}`, '--query=Contents[].Key'),
        ),
      ),
    // Only a part of them: it is slow, and lists with the same library as the AWS CLI.
    boto3: async () => {
      const part = model.list('media-7', '')
      assert.deepEqual(JSON.parse(await run('boto3', 'list_digest', Bucket, 'media-7')), [
        part.length,
        digest(part),
      ])
    },
    // The first version of the operation, which pages by marker.
    s3cmd: async () => {
      const lines = (await run('s3cmd', 'ls', '--recursive', `s3://${Bucket}`)).split('\n').filter(Boolean)
      sameKeys(lines.map((line) => line.slice(line.indexOf('s3://') + `s3://${Bucket}/`.length)))
    },
    // It shows them folder by folder, in an order of its own.
    rclone: async () => {
      const args = ['lsf', '--recursive', '--fast-list', '--files-only', `store:${Bucket}`]
      const lines = (await run('rclone', ...args)).split('\n').filter(Boolean)
      sameKeys(
        lines
          .map((line) => Buffer.from(line))
          .sort(Buffer.compare)
          .map(String),
      )
    },
  } as const
  for (const client of ['AWS CLI', 's3cmd', 'boto3', 'rclone'] as const) {
    const title = client === 'boto3' ? 'lists those with a prefix' : 'lists them all'
    proves(client, '100k keys', title, everyClient[client], lanes)
  }
})

type Listing = Pick<ListObjectsV2CommandInput, 'Prefix' | 'Delimiter' | 'StartAfter' | 'MaxKeys'>

/** What each page shows: keys and common prefixes together, in order. */
async function pages({ s3 }: CloudProcess, listing: Listing): Promise<string[][]> {
  const found: string[][] = []
  const config = { client: s3, ...(listing.MaxKeys === undefined ? {} : { pageSize: listing.MaxKeys }) }
  for await (const page of paginateListObjectsV2(config, { Bucket, ...listing })) {
    const keys = (page.Contents ?? []).map(({ Key = '' }) => Key)
    const folders = (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix)
    const shown = [...keys, ...folders]
    assert.equal(page.KeyCount, shown.length)
    found.push(
      folders.length === 0
        ? keys
        : shown
            .map((key) => Buffer.from(key))
            .sort(Buffer.compare)
            .map(String),
    )
  }
  return found
}

/** As boto3_client.py's list_digest has it. */
const digest = (keys: readonly string[]): string => createHash('md5').update(keys.join('\n')).digest('hex')
