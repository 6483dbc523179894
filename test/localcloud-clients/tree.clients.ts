import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { GetObjectCommand, PutObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { after, before, describe } from 'mocha'
import { Lanes } from '../support/lanes.ts'
import { type CloudProcess, spawnLocalcloud } from '../support/localcloud-process.ts'
import type { Client, CommandClient } from './support/clients.ts'
import { proves } from './support/feature-table.ts'
import { inParallel } from './support/in-parallel.ts'
import { md5, readTree, type Tree, writeOddTree } from './support/odd-tree.ts'
import { runClient } from './support/run-client.ts'

const FILES = 2_000
const Bucket = 'media'
// Every client's prefix has the same length, since the longest keys are at S3's limit with it.
const prefixOf = (client: Client) => `tree/${client.replace(' ', '-').padEnd(8, '_')}/`

/** Keys that no file can have as its path. */
const keysWithoutPath = [
  '/leading',
  '//two leading',
  'a//b',
  'a/../b',
  './dot',
  'ends/',
  '/',
  'line\nbreak',
  'tab\t',
]

describe('a tree of 2,000 files with odd names goes up, comes down, and is the same', function () {
  this.timeout(240_000)
  let folder: string
  let source: string
  let tree: Tree
  let cloud: CloudProcess
  const lanes = new Lanes(2)
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reelmill-clients-tree-'))
    source = join(folder, 'source')
    tree = await writeOddTree(source, prefixOf('SDK v3'), FILES)
    cloud = await spawnLocalcloud(join(folder, 'data'))
  })
  after(async () => {
    await lanes.end()
    await cloud?.kill('SIGTERM')
    await rm(folder, { recursive: true, force: true })
  })

  /** What is stored under a prefix, as the SDK sees it. ETags of small objects are the MD5 of their bytes. */
  const stored = async (prefix: string): Promise<Tree> => {
    const found = new Map<string, string>()
    for await (const page of paginateListObjectsV2({ client: cloud.s3 }, { Bucket, Prefix: prefix })) {
      for (const { Key = '', ETag = '' } of page.Contents ?? []) {
        found.set(Key.slice(prefix.length), ETag.replaceAll('"', ''))
      }
    }
    return found
  }

  const upDown: Readonly<Record<Client, (prefix: string, target: string) => Promise<void>>> = {
    async 'SDK v3'(prefix, target) {
      await inParallel(16, tree.keys(), async (path) => {
        const Body = await readFile(join(source, path))
        await cloud.s3.send(new PutObjectCommand({ Bucket, Key: prefix + path, Body }))
      })
      await inParallel(16, (await stored(prefix)).keys(), async (path) => {
        const answer = await cloud.s3.send(new GetObjectCommand({ Bucket, Key: prefix + path }))
        const file = join(target, path)
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, (await answer.Body?.transformToByteArray()) ?? '')
      })
    },
    async 'AWS CLI'(prefix, target) {
      await run('aws', 's3', 'sync', '--no-progress', source, `s3://${Bucket}/${prefix}`)
      await run('aws', 's3', 'sync', '--no-progress', `s3://${Bucket}/${prefix}`, target)
      assert.equal(await run('aws', 's3', 'sync', '--no-progress', source, `s3://${Bucket}/${prefix}`), '')
    },
    async boto3(prefix, target) {
      await run('boto3', 'sync_up', source, Bucket, prefix)
      await run('boto3', 'sync_down', Bucket, prefix, target)
    },
    async s3cmd(prefix, target) {
      await run('s3cmd', 'sync', `${source}/`, `s3://${Bucket}/${prefix}`)
      await run('s3cmd', 'sync', `s3://${Bucket}/${prefix}`, `${target}/`)
    },
    async rclone(prefix, target) {
      await run('rclone', 'sync', '--transfers=8', source, `store:${Bucket}/${prefix}`)
      await run('rclone', 'sync', '--transfers=8', `store:${Bucket}/${prefix}`, target)
      await run('rclone', 'check', source, `store:${Bucket}/${prefix}`)
    },
  }
  const run = (client: CommandClient, ...args: string[]) => runClient(cloud.s3Url, client, ...args)

  const syncsBothWays = (client: Client) => async () => {
    const target = join(folder, `from ${client}`)
    await mkdir(target)
    await upDown[client](prefixOf(client), target)
    assert.equal(tree.size, FILES)
    same(await stored(prefixOf(client)), tree)
    same(await readTree(target), tree)
  }
  // Those that take longest first: the others fill the second lane meanwhile.
  for (const client of ['boto3', 'AWS CLI', 's3cmd', 'rclone', 'SDK v3'] satisfies Client[]) {
    proves(client, 'tree', 'syncs it both ways', syncsBothWays(client), lanes)
  }

  proves('boto3', 'tree', 'keeps keys that no file system can hold, slashes first among them', async () => {
    const [found, left] = JSON.parse(
      await run('boto3', 'round_trip', 'state', JSON.stringify(keysWithoutPath)),
    )
    assert.deepEqual(
      found,
      keysWithoutPath.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
    assert.deepEqual(left, [])
  })

  proves('AWS CLI', 'tree', 'puts and gets a key that begins with slashes', async () => {
    const file = join(folder, 'leading')
    await writeFile(file, 'slashes')
    const Key = '//leading %2F + ü'
    await run('aws', 's3api', 'put-object', '--bucket=state', `--key=${Key}`, `--body=${file}`)
    await run('aws', 's3api', 'get-object', '--bucket=state', `--key=${Key}`, `${file}.back`)
    assert.equal(md5(await readFile(`${file}.back`)), md5(Buffer.from('slashes')))
    await run('aws', 's3', 'rm', `s3://state/${Key}`)
  })

  proves('s3cmd', 'tree', 'puts and gets a key that begins with slashes', async () => {
    const file = join(folder, 'leading')
    await writeFile(file, 'slashes')
    await run('s3cmd', 'put', file, 's3://state//leading %2F + ü')
    await run('s3cmd', 'get', 's3://state//leading %2F + ü', `${file}.s3cmd`)
    assert.equal(md5(await readFile(`${file}.s3cmd`)), md5(Buffer.from('slashes')))
    await run('s3cmd', 'del', 's3://state//leading %2F + ü')
  })
})

/** Names the first differences only: two maps of 2,000 would fill the screen. */
function same(found: Tree, wanted: Tree): void {
  const missing = [...wanted].filter(([path, hash]) => found.get(path) !== hash).map(([path]) => path)
  const foreign = [...found.keys()].filter((path) => !wanted.has(path))
  assert.deepEqual(
    { missing: missing.slice(0, 20), foreign: foreign.slice(0, 20) },
    { missing: [], foreign: [] },
  )
}
