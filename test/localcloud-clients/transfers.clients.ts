import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { after, before, describe, it } from 'mocha'
import { Lanes } from '../support/lanes.ts'
import { type CloudProcess, spawnLocalcloud } from '../support/localcloud-process.ts'
import { type Client, type CommandClient, clients } from './support/clients.ts'
import { proves } from './support/feature-table.ts'
import { leftBehind } from './support/left-behind.ts'
import { runClient } from './support/run-client.ts'

const MIB = 1024 ** 2
const SIZE = 200 * MIB
const PART = 8 * MIB
const Bucket = 'media'

describe('an object of 200 MiB goes up in parts, comes down, and is the same', function () {
  this.timeout(240_000)
  let folder: string
  let file: string
  let hash: string
  let cloud: CloudProcess
  const lanes = new Lanes(2)
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reelmill-clients-200-'))
    file = join(folder, 'movie')
    await writeNumbered(file)
    hash = await sha256Of(createReadStream(file))
    cloud = await spawnLocalcloud(join(folder, 'data'))
  })
  after(async () => {
    await lanes.end()
    await cloud?.kill('SIGTERM')
    await rm(folder, { recursive: true, force: true })
  })
  const run = (client: CommandClient, ...args: string[]) => runClient(cloud.s3Url, client, ...args)

  /** Sends the file to `key`, fetches it into `back`, and gives the SHA-256 of what came back. */
  const upDown: Readonly<Record<Client, (key: string, back: string) => Promise<string>>> = {
    async 'SDK v3'(Key) {
      const params = { Bucket, Key, Body: createReadStream(file) }
      await new Upload({ client: cloud.s3, params, partSize: PART }).done()
      const { Body } = await cloud.s3.send(new GetObjectCommand({ Bucket, Key }))
      return sha256Of(Body as AsyncIterable<Uint8Array>)
    },
    async 'AWS CLI'(key, back) {
      await run('aws', 's3', 'cp', '--no-progress', file, `s3://${Bucket}/${key}`)
      await run('aws', 's3', 'cp', '--no-progress', `s3://${Bucket}/${key}`, back)
      return sha256Of(createReadStream(back))
    },
    async boto3(key, back) {
      await run('boto3', 'upload', file, Bucket, key)
      return JSON.parse(await run('boto3', 'download', Bucket, key, back))
    },
    async s3cmd(key, back) {
      await run('s3cmd', '--multipart-chunk-size-mb=8', 'put', file, `s3://${Bucket}/${key}`)
      await run('s3cmd', 'get', `s3://${Bucket}/${key}`, back)
      return sha256Of(createReadStream(back))
    },
    async rclone(key, back) {
      await run('rclone', 'copyto', '--s3-upload-cutoff=16M', file, `store:${Bucket}/${key}`)
      await run('rclone', 'copyto', `store:${Bucket}/${key}`, back)
      return sha256Of(createReadStream(back))
    },
  }
  const sendsAndFetches = (client: Client) => async () => {
    const Key = `movies/${client} + ü.mov`
    const back = join(folder, `back from ${client}`)
    assert.equal(await upDown[client](Key, back), hash)
    const head = await cloud.s3.send(new HeadObjectCommand({ Bucket, Key }))
    assert.equal(head.ContentLength, SIZE)
    assert.match(head.ETag ?? '', /-\d+"$/, 'it was not sent in parts')
    await cloud.s3.send(new DeleteObjectCommand({ Bucket, Key }))
    await rm(back, { force: true })
  }
  for (const client of clients) {
    proves(client, '200 MiB', 'sends and fetches it whole', sendsAndFetches(client), lanes)
  }

  it('and when all are deleted, no upload and no file is left', async () => {
    assert.deepEqual(await leftBehind(cloud, join(folder, 'data')), [])
  })
})

/** A file of `SIZE` bytes that are the same in every run. No two MiB are alike, so two swapped parts are seen. */
async function writeNumbered(path: string): Promise<void> {
  const block = Buffer.alloc(MIB)
  for (let i = 0; i < MIB; i += 32) createHash('sha256').update(String(i)).digest().copy(block, i)
  await using handle = await open(path, 'w')
  for (let i = 0; i < SIZE / MIB; i++) {
    block.writeUInt32BE(i)
    await handle.write(block)
  }
}

async function sha256Of(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}
