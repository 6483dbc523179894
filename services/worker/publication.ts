import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import { attemptPrefix } from '#shared/jobs/keys.ts'
import type { OutputResult } from '#shared/jobs/record.ts'
import type { ProducedFile } from '#shared/jobs/shapes.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'
import type { EncodedFile, EncodedOutput } from './engine.ts'
import type { Lease } from './lease.ts'

// A record names the principal files; the manifest has them all (a ladder has thousands of segments).
const MOST_FILES_IN_RECORD = 100
const READ_BYTES = 2 ** 20
export const MANIFEST = 'manifest.json'

export interface Published {
  readonly outputs: readonly OutputResult[]
  readonly manifestSha256: string
  readonly bytesOut: number
}

/**
 * Uploads every file of an attempt under its fence, the manifest last, then compares what the store lists with
 * the manifest: only what is there whole may be settled on. Nothing here is visible to anyone until the record
 * names this fence.
 */
export async function publishOutputs(
  media: MediaStore,
  lease: Lease,
  outputs: readonly EncodedOutput[],
  signal: AbortSignal,
): Promise<Published> {
  const { tenant, id } = lease.found.value
  const prefix = attemptPrefix(tenant, id, lease.task, lease.fence)
  const expected = new Map<string, number>()
  const published: OutputResult[] = []
  const manifestFiles: (ProducedFile & { readonly output: string })[] = []
  for (const output of outputs) {
    const files: ProducedFile[] = []
    for (const file of output.files) {
      const key = `${prefix}${output.name}/${file.path}`
      files.push(await publishFile(media, key, file, signal))
      expected.set(key, file.sizeBytes)
    }
    published.push(outputResult(output, files))
    manifestFiles.push(...files.map((file) => ({ output: output.name, ...file })))
  }
  const manifest = Buffer.from(JSON.stringify({ version: 1, files: manifestFiles }))
  await media.write(`${prefix}${MANIFEST}`, manifest, { contentType: 'application/json', signal })
  expected.set(`${prefix}${MANIFEST}`, manifest.length)
  await compareWithStore(media, prefix, expected, signal)
  return {
    outputs: published,
    manifestSha256: createHash('sha256').update(manifest).digest('hex'),
    bytesOut: [...expected.values()].reduce((sum, size) => sum + size, 0),
  }
}

/** Uploads a file, and takes the SHA-256 of the very bytes that leave. */
async function publishFile(
  media: MediaStore,
  key: string,
  { localPath, ...file }: EncodedFile,
  signal: AbortSignal,
): Promise<ProducedFile> {
  const hash = createHash('sha256')
  const source = createReadStream(localPath, { highWaterMark: READ_BYTES })
  await media.write(key, Readable.from(hashed(source, hash), { objectMode: false }), {
    sizeBytes: file.sizeBytes,
    ...(file.contentType && { contentType: file.contentType }),
    signal,
  })
  return { ...file, sha256: hash.digest('hex') }
}

async function* hashed(source: Readable, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    hash.update(chunk)
    yield chunk
  }
}

async function compareWithStore(
  media: MediaStore,
  prefix: string,
  expected: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<void> {
  const missing = new Map(expected)
  for await (const { key, sizeBytes } of media.list(prefix, signal)) {
    if (missing.get(key) !== sizeBytes)
      throw unlike(`${key} has ${sizeBytes} bytes and should not be there so`)
    missing.delete(key)
  }
  const [first] = missing.keys()
  if (first !== undefined) throw unlike(`${first} is not listed`)
}

const unlike = (what: string) =>
  new ReelmillError(
    'output-verification-failed',
    `The store does not hold what was uploaded: ${what}. Check the media store; the job is tried again.`,
  )

function outputResult(output: EncodedOutput, files: readonly ProducedFile[]): OutputResult {
  return {
    name: output.name,
    status: output.status,
    ...(output.reason !== undefined && { reason: output.reason }),
    ...(output.durationSec !== undefined && { durationSec: output.durationSec }),
    streams: [...output.streams],
    files: files.slice(0, MOST_FILES_IN_RECORD),
    fileCount: files.length,
    totalBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    checks: [...output.checks],
  }
}
