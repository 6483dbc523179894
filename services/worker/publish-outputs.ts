import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { ReelmillError } from '#shared/errors.ts'
import { attemptPrefix } from '#shared/jobs/keys.ts'
import type { OutputResult } from '#shared/jobs/record.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'
import type { EncodedOutput } from './engine.ts'
import type { Lease } from './lease.ts'

// A record names the principal files; the manifest has them all (a ladder has thousands of segments).
const MOST_FILES_IN_RECORD = 100
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
  for (const output of outputs) {
    for (const file of output.files) {
      const key = `${prefix}${output.name}/${file.path}`
      await media.write(key, createReadStream(file.localPath), {
        sizeBytes: file.sizeBytes,
        ...(file.contentType && { contentType: file.contentType }),
        signal,
      })
      expected.set(key, file.sizeBytes)
    }
  }
  const manifest = Buffer.from(JSON.stringify({ version: 1, files: outputs.flatMap(manifestFiles) }))
  await media.write(`${prefix}${MANIFEST}`, manifest, { contentType: 'application/json', signal })
  expected.set(`${prefix}${MANIFEST}`, manifest.length)
  await compareWithStore(media, prefix, expected, signal)
  return {
    outputs: outputs.map(outputResult),
    manifestSha256: createHash('sha256').update(manifest).digest('hex'),
    bytesOut: [...expected.values()].reduce((sum, size) => sum + size, 0),
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

const manifestFiles = (output: EncodedOutput) =>
  output.files.map(({ localPath: _, ...file }) => ({ output: output.name, ...file }))

function outputResult(output: EncodedOutput): OutputResult {
  const files = output.files.map(({ localPath: _, ...file }) => file)
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
