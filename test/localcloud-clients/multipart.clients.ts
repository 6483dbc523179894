import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { after, afterEach, before, describe } from 'mocha'
import { type CloudProcess, spawnLocalcloud } from '../support/localcloud-process.ts'
import { type Client, type CommandClient, commandsFor } from './support/clients.ts'
import { proves } from './support/feature-table.ts'
import { bodyFiles, leftBehind } from './support/left-behind.ts'
import { runClient } from './support/run-client.ts'
import { tryCommand } from './support/run-command.ts'

const PART = 5 * 1024 ** 2
const PARTS = 8
const Bucket = 'media'
const Key = 'an upload/in + parts/ü.mov'

describe('an upload in parts that its client did not finish', function () {
  this.timeout(120_000)
  const body = Buffer.alloc(PARTS * PART)
  for (let i = 0; i < body.length; i += 4096) body.writeUInt32BE(i, i)
  let folder: string
  let file: string
  let cloud: CloudProcess
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reelmill-clients-parts-'))
    file = join(folder, 'movie')
    await writeFile(file, body)
    cloud = await spawnLocalcloud(join(folder, 'data'))
  })
  after(async () => {
    await cloud?.kill('SIGTERM')
    await rm(folder, { recursive: true, force: true })
  })
  afterEach('and nothing of it is left', async () => {
    await cloud.s3.send(new DeleteObjectCommand({ Bucket, Key }))
    assert.deepEqual(await leftBehind(cloud, join(folder, 'data')), [])
  })

  const run = (client: CommandClient, ...args: string[]) => runClient(cloud.s3Url, client, ...args)
  const at = (id: string) => [`--bucket=${Bucket}`, `--key=${Key}`, `--upload-id=${id}`]
  const part = (number: number) => body.subarray((number - 1) * PART, number * PART)
  const send = (UploadId: string, PartNumber: number) =>
    cloud.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body: part(PartNumber) }))
  /** An upload of which another client has sent some parts, out of order. */
  const begun = async (...numbers: number[]) => {
    const { UploadId = '' } = await cloud.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    for (const number of numbers) await send(UploadId, number)
    return UploadId
  }
  const isWhole = async () => {
    const { Body } = await cloud.s3.send(new GetObjectCommand({ Bucket, Key }))
    const found = (await Body?.transformToByteArray()) ?? new Uint8Array()
    assert.equal(sha256(found), sha256(body))
  }

  proves(
    'SDK v3',
    'multipart',
    'lists the parts that are there, sends the others and completes it',
    async () => {
      const UploadId = await begun(8, 1, 3)
      const listed = await cloud.s3.send(new ListPartsCommand({ Bucket, Key, UploadId }))
      assert.deepEqual(
        listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]),
        [1, 3, 8].map((number) => [number, PART]),
      )
      const Parts = (listed.Parts ?? []).map(({ PartNumber = 0, ETag }) => ({ PartNumber, ETag }))
      for (const PartNumber of [2, 4, 5, 6, 7]) {
        Parts.push({ PartNumber, ETag: (await send(UploadId, PartNumber)).ETag })
      }
      Parts.sort((a, b) => a.PartNumber - b.PartNumber)
      await cloud.s3.send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
      )
      await isWhole()
    },
  )

  proves(
    'AWS CLI',
    'multipart',
    'lists the parts that are there, sends the last and completes it',
    async () => {
      const id = await begun(1, 2, 3, 4, 5, 7, 8)
      const piece = join(folder, 'part 6')
      await writeFile(piece, part(6))
      await run('aws', 's3api', 'upload-part', ...at(id), '--part-number=6', `--body=${piece}`)
      const { Parts } = JSON.parse(await run('aws', 's3api', 'list-parts', '--page-size=3', ...at(id)))
      assert.equal(Parts.length, PARTS)
      const chosen = Parts.map(({ PartNumber, ETag }: Record<string, string>) => ({ PartNumber, ETag }))
      const upload = `--multipart-upload=${JSON.stringify({ Parts: chosen })}`
      await run('aws', 's3api', 'complete-multipart-upload', ...at(id), upload)
      await isWhole()
    },
  )

  proves(
    'boto3',
    'multipart',
    'lists the parts that are there, sends the others and completes it',
    async () => {
      const id = await begun(1, 3, 8)
      assert.equal(await run('boto3', 'resume', Bucket, Key, id, file, String(PART)), '5\n')
      await isWhole()
    },
  )

  proves('s3cmd', 'multipart', 'goes on with its own upload after it was killed', async () => {
    const killed = new AbortController()
    const put = ['--multipart-chunk-size-mb=5', 'put', file, `s3://${Bucket}/${Key}`]
    const { command, env } = commandsFor(cloud.s3Url).s3cmd(...put)
    const dying = tryCommand(command, { env, signal: killed.signal })
    const UploadId = await firstPartOf(cloud)
    killed.abort()
    assert.equal((await dying).exitCode, null, 'it was through before it could be killed')
    const { Uploads } = await cloud.s3.send(new ListMultipartUploadsCommand({ Bucket }))
    assert.deepEqual(
      Uploads?.map((upload) => upload.UploadId),
      [UploadId],
    )
    const again = commandsFor(cloud.s3Url).s3cmd('--continue-put', ...put)
    const { exitCode, stderr } = await tryCommand(again.command, { env })
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /size and md5sum match for .* part 1, skipping/)
    await isWhole()
  })

  const abort: Partial<Record<Client, (id: string) => Promise<unknown>>> = {
    'SDK v3': (UploadId) => cloud.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
    'AWS CLI': (id) => run('aws', 's3api', 'abort-multipart-upload', ...at(id)),
    boto3: (id) => run('boto3', 'abort', Bucket, Key, id),
    s3cmd: (id) => run('s3cmd', 'abortmp', `s3://${Bucket}/${Key}`, id),
    rclone: () => run('rclone', 'backend', 'cleanup', `store:${Bucket}`, '-o', 'max-age=0s'),
  }
  for (const [client, end] of Object.entries(abort) as [Client, (id: string) => Promise<unknown>][]) {
    proves(client, 'multipart', 'aborts it, after which nothing of it is left', async () => {
      const UploadId = await begun(1, 2)
      assert.equal((await bodyFiles(join(folder, 'data'))).length, 2)
      await end(UploadId)
      assert.deepEqual(await leftBehind(cloud, join(folder, 'data')), [])
      await assert.rejects(send(UploadId, 3), { name: 'NoSuchUpload' })
    })
  }

  proves(
    'SDK v3',
    'multipart',
    'aborts its uploader under way, after which nothing of it is left',
    async () => {
      const upload = new Upload({ client: cloud.s3, params: { Bucket, Key, Body: body }, partSize: PART })
      const aborted = Promise.withResolvers<void>()
      upload.on('httpUploadProgress', () => aborted.resolve(upload.abort()))
      await assert.rejects(upload.done(), { name: 'AbortError' })
      await aborted.promise
      // The uploader answers at once, and only then lets its requests go and ends the upload.
      while ((await leftBehind(cloud, join(folder, 'data'))).length > 0) await new Promise(setImmediate)
      await assert.rejects(cloud.s3.send(new GetObjectCommand({ Bucket, Key })), { name: 'NoSuchKey' })
    },
  )
})

/** Waits until somebody's upload has its first part; its id. */
async function firstPartOf({ s3 }: CloudProcess): Promise<string> {
  for (;;) {
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }))
    for (const { UploadId } of Uploads) {
      const { Parts = [] } = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }))
      if (UploadId !== undefined && Parts.length > 0) return UploadId
    }
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
