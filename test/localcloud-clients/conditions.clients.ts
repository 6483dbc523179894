import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { after, before, describe, it } from 'mocha'
import { createS3Client } from '#shared/aws/create-s3-client.ts'
import { probeObjects } from '#shared/doctor/probe-objects.ts'
import { S3Objects } from '#shared/state/s3-objects.ts'
import { testCredentials } from '../support/localcloud.ts'
import { type CloudProcess, spawnLocalcloud } from '../support/localcloud-process.ts'
import { commandsFor } from './support/clients.ts'
import { converse } from './support/converse.ts'
import { proves } from './support/feature-table.ts'
import { runClient } from './support/run-client.ts'
import { tryCommand } from './support/run-command.ts'

const Bucket = 'state'
const CREATED = 200
const COUNTED = 100
const ROUNDS = 100

describe('of writes with a condition by several clients exactly one wins', function () {
  this.timeout(120_000)
  let folder: string
  let cloud: CloudProcess
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reelmill-clients-conditions-'))
    cloud = await spawnLocalcloud(join(folder, 'data'))
  })
  after(async () => {
    await cloud?.kill('SIGTERM')
    await rm(folder, { recursive: true, force: true })
  })
  const boto3 = async (...args: string[]) => JSON.parse(await runClient(cloud.s3Url, 'boto3', ...args))
  const read = async (Key: string) => {
    const { Body, ETag = '' } = await cloud.s3.send(new GetObjectCommand({ Bucket, Key }))
    return { text: (await Body?.transformToString()) ?? '', etag: ETag }
  }
  /** Whether the write was applied; a refusal must be that of its condition. */
  const write = async (Key: string, Body: string, condition: { IfMatch?: string; IfNoneMatch?: string }) => {
    try {
      await cloud.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...condition }))
      return true
    } catch (error) {
      if (error instanceof Error && error.name === 'PreconditionFailed') return false
      throw error
    }
  }

  proves('SDK v3', 'conditions', `and boto3 create ${CREATED} keys at once, each of them once`, async () => {
    const { command, env } = commandsFor(cloud.s3Url).boto3('race_to_create', Bucket)
    await using other = converse(command, env)
    const wins = { 'SDK v3': 0, boto3: 0 }
    // Whoever wins gives the other a longer start, in reads, in the next race: so races are close, and both win some.
    let start = 0
    for (let i = 0; i < CREATED; i++) {
      const key = `race/${i}`
      other.say(key)
      const begins = other.hear()
      if (start > 0) assert.equal(await begins, 'begins')
      for (let reads = 1; reads < start; reads++) await read('race/0')
      const [ours, theirs] = await Promise.all([
        write(key, 'SDK v3', { IfNoneMatch: '*' }),
        begins.then(() => other.hear()),
      ])
      assert.equal(theirs, ours ? 'lost' : 'won', key)
      const winner = ours ? 'SDK v3' : 'boto3'
      assert.equal((await read(key)).text, winner)
      wins[winner] += 1
      start = Math.max(0, start + (ours ? 1 : -1))
    }
    assert.ok(
      Object.values(wins).every((number) => number > CREATED / 10),
      `it was no race: ${JSON.stringify(wins)}`,
    )
  })

  proves('boto3', 'conditions', 'and SDK v3 swap one object, and no swap is lost or done twice', async () => {
    await write('count', '0', { IfNoneMatch: '*' })
    const theirs: Promise<number[]> = boto3('count_up', Bucket, 'count', String(COUNTED))
    const ours: number[] = []
    while (ours.length < COUNTED) {
      const seen = await read('count')
      const number = Number(seen.text) + 1
      if (number === 1) continue // boto3 has not begun
      if (await write('count', String(number), { IfMatch: seen.etag })) ours.push(number)
    }
    const written = [...ours, ...(await theirs)].sort((a, b) => a - b)
    assert.deepEqual(
      written,
      Array.from({ length: 2 * COUNTED }, (_, i) => i + 1),
    )
    assert.equal((await read('count')).text, String(2 * COUNTED))
  })

  proves('boto3', 'conditions', 'is told of a stale version, and of one of nothing', async () => {
    const put = (key: string, body: string, condition: object) =>
      boto3('put_conditionally', Bucket, key, body, JSON.stringify(condition))
    const { etag } = await put('stale', 'first', { IfNoneMatch: '*' })
    assert.ok((await put('stale', 'second', { IfMatch: etag })).etag)
    assert.deepEqual(await put('stale', 'third', { IfMatch: etag }), {
      code: 'PreconditionFailed',
      status: 412,
    })
    assert.deepEqual(await put('nothing', 'x', { IfMatch: etag }), { code: 'NoSuchKey', status: 404 })
    assert.equal((await read('stale')).text, 'second')
  })

  proves('AWS CLI', 'conditions', 'creates what is not there, and swaps only what it saw', async () => {
    const body = join(folder, 'body')
    const put = async (text: string, condition: string) => {
      await writeFile(body, text)
      const args = [`--bucket=${Bucket}`, '--key=by the CLI', `--body=${body}`, condition]
      const { command, env } = commandsFor(cloud.s3Url).aws('s3api', 'put-object', ...args)
      return await tryCommand(command, { env })
    }
    const first = await put('first', '--if-none-match=*')
    assert.equal(first.exitCode, 0, first.stderr)
    const { ETag } = JSON.parse(first.stdout)
    assert.match((await put('again', '--if-none-match=*')).stderr, /\(PreconditionFailed\)/)
    assert.equal((await put('second', `--if-match=${ETag}`)).exitCode, 0)
    assert.match((await put('third', `--if-match=${ETag}`)).stderr, /\(PreconditionFailed\)/)
    assert.equal((await read('by the CLI')).text, 'second')
  })

  it(`in the doctor's races of 32, ${ROUNDS} rounds of each`, async () => {
    const others = createS3Client({ endpoint: cloud.s3Url, credentials: testCredentials, maxAttempts: 1 })
    try {
      const [one, two] = [cloud.s3, others].map((client) => new S3Objects({ client, bucket: Bucket }))
      assert.ok(one && two)
      for (let round = 0; round < ROUNDS; round++) {
        const races = await probeObjects([one, two], undefined, ['create-race', 'swap-race'])
        assert.deepEqual(
          races.map(({ detail }) => detail),
          [
            '1 of 32 concurrent writers created the same key',
            '1 of 32 concurrent writers swapped the same version',
          ],
        )
      }
    } finally {
      others.destroy()
    }
  })
})
