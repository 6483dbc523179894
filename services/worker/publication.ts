import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import { hashed } from '#shared/hashed.ts'
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
 * Uploads what an attempt made under its fence. Nothing here is visible to anyone until the record names this fence, so
 * a file may go up while it is being verified: what fails then is left to whoever tidies up. Disposing of it stops what
 * is still on its way, and waits until nothing is.
 */
export class Publication implements AsyncDisposable {
  readonly #media: MediaStore
  readonly #prefix: string
  readonly #signal: AbortSignal
  readonly #abandoned = new AbortController()
  /** By key: uploads with the SHA-256 of what was sent. */
  readonly #begun = new Map<string, Promise<PromiseSettledResult<string>>>()

  constructor(media: MediaStore, lease: Lease, signal: AbortSignal) {
    const { tenant, id } = lease.found.value
    this.#media = media
    this.#prefix = attemptPrefix(tenant, id, lease.task, lease.fence)
    this.#signal = AbortSignal.any([signal, this.#abandoned.signal])
  }

  /** Begins to upload a file that will not change any more. If that fails, {@link finish} tries once more. */
  begin(output: string, file: EncodedFile): Promise<PromiseSettledResult<string>> {
    const upload = Promise.allSettled([this.#upload(output, file)]).then(([result]) => result)
    this.#begun.set(this.#keyOf(output, file), upload)
    return upload
  }

  /**
   * Uploads every file that is not there yet, the manifest last, then compares what the store lists with the manifest:
   * only what is there whole may be settled on. May be called again when it fails.
   */
  async finish(outputs: readonly EncodedOutput[]): Promise<Published> {
    const sizes = new Map<string, number>()
    const published: OutputResult[] = []
    const listed: (ProducedFile & { readonly output: string })[] = []
    for (const output of outputs) {
      const files: ProducedFile[] = []
      for (const file of output.files) {
        const { localPath: _, ...produced } = file
        files.push({ ...produced, sha256: await this.#uploaded(output.name, file) })
        sizes.set(this.#keyOf(output.name, file), file.sizeBytes)
      }
      published.push(outputResult(output, files))
      listed.push(...files.map((file) => ({ output: output.name, ...file })))
    }
    const manifest = Buffer.from(JSON.stringify({ version: 1, files: listed }))
    const key = `${this.#prefix}${MANIFEST}`
    await this.#media.write(key, manifest, { contentType: 'application/json', signal: this.#signal })
    sizes.set(key, manifest.length)
    await compareWithStore(this.#media, this.#prefix, sizes, this.#signal)
    return {
      outputs: published,
      manifestSha256: createHash('sha256').update(manifest).digest('hex'),
      bytesOut: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abandoned.abort(new Error('the attempt is over'))
    await Promise.all(this.#begun.values())
  }

  async #uploaded(output: string, file: EncodedFile): Promise<string> {
    const early = await this.#begun.get(this.#keyOf(output, file))
    const upload = early?.status === 'fulfilled' ? early : await this.begin(output, file)
    if (upload.status === 'rejected') throw upload.reason
    return upload.value
  }

  async #upload(output: string, file: EncodedFile): Promise<string> {
    const hash = createHash('sha256')
    const source = createReadStream(file.localPath, { highWaterMark: READ_BYTES })
    const body = Readable.from(hashed(source, hash), { objectMode: false })
    await this.#media.write(this.#keyOf(output, file), body, {
      sizeBytes: file.sizeBytes,
      ...(file.contentType && { contentType: file.contentType }),
      signal: this.#signal,
    })
    return hash.digest('hex')
  }

  #keyOf(output: string, file: EncodedFile): string {
    return `${this.#prefix}${output}/${file.path}`
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
