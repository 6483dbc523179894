import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { systemClock } from '#shared/clock.ts'
import type { Job } from '../../services/frontend/shapes/job.ts'
import type { Upload } from '../../services/frontend/shapes/upload.ts'

const AGAIN_MS = 250

/** The part of the REST API that the demo and the bench use, as any client would. */
export class ApiClient {
  readonly #url: string
  readonly #key: string
  readonly #signal: AbortSignal

  /** `signal` ends whatever is under way. */
  constructor(options: { readonly url: string; readonly key: string; readonly signal: AbortSignal }) {
    this.#url = options.url
    this.#key = options.key
    this.#signal = options.signal
  }

  /** Streams a file into an upload of its own; `sent` is told the bytes so far. */
  async upload(file: string, sent: (bytes: number) => void = () => {}): Promise<Upload> {
    const { size } = await stat(file)
    const upload = await this.#json<Upload>('POST', '/v1/uploads', {
      fileName: path.basename(file),
      sizeBytes: size,
    })
    const content = createReadStream(file, { highWaterMark: 256 * 1024 })
    let bytes = 0
    content.on('data', (chunk) => {
      bytes += chunk.length
      sent(bytes)
    })
    const response = await this.#request('PUT', upload.contentUrl ?? `/v1/uploads/${upload.id}/content`, {
      body: Readable.toWeb(content) as ReadableStream,
      headers: { 'content-length': String(size), 'content-type': 'application/octet-stream' },
      duplex: 'half',
    })
    return (await response.json()) as Upload
  }

  submit(uploadId: string, presets: readonly string[]): Promise<Job> {
    return this.#json<Job>('POST', '/v1/jobs', {
      inputs: [{ source: { uploadId } }],
      outputs: presets.map((preset) => ({ preset })),
    })
  }

  /** Resolves with the job when it has ended, having told `seen` each change on the way. */
  async follow(id: string, seen: (job: Job) => void = () => {}): Promise<Job> {
    for (;;) {
      // Each event carries the whole job. A stream that breaks off is taken up again with what is so by then.
      const response = await this.#request('GET', `/v1/jobs/${id}/events`)
      if (!response.body) throw new Error(`the events of ${id} came without a body`)
      const events = response.body
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream())
      for await (const { data } of events) {
        const job = JSON.parse(data) as Job
        seen(job)
        if (job.status !== 'queued' && job.status !== 'running') return job
      }
      await systemClock.sleep(AGAIN_MS, this.#signal)
    }
  }

  async cancel(id: string): Promise<void> {
    await this.#json('POST', `/v1/jobs/${id}/cancel`)
  }

  /** Deletes an ended job with its outputs. */
  async deleteJob(id: string): Promise<void> {
    await (await this.#request('DELETE', `/v1/jobs/${id}`)).text()
  }

  async deleteUpload(id: string): Promise<void> {
    await (await this.#request('DELETE', `/v1/uploads/${id}`)).text()
  }

  /** Fetches a file of an output to `destination`, through the redirect to the store. */
  async download(file: { readonly url: string }, destination: string): Promise<void> {
    const response = await this.#request('GET', file.url)
    if (!response.body) throw new Error(`${file.url} answered without a body`)
    const handle = await open(destination, 'w')
    await pipeline(response.body, handle.createWriteStream(), { signal: this.#signal })
  }

  async #json<T>(method: string, target: string, body?: unknown): Promise<T> {
    const init =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const response = await this.#request(method, target, init)
    return (await response.json()) as T
  }

  /** Throws the problem's own sentence for any answer but 2xx. */
  async #request(
    method: string,
    target: string,
    init: RequestInit & { duplex?: 'half' } = {},
  ): Promise<Response> {
    const response = await fetch(new URL(target, this.#url), {
      ...init,
      method,
      headers: { ...init.headers, authorization: `Bearer ${this.#key}` },
      signal: this.#signal,
    })
    if (response.ok) return response
    const text = await response.text()
    throw new Error(`${method} ${target} answered ${response.status}: ${sentenceOf(text)}`)
  }
}

function sentenceOf(text: string): string {
  try {
    const { detail, title } = JSON.parse(text)
    return detail ?? title ?? text
  } catch {
    return text.slice(0, 500) // not one of ours: shown as it came
  }
}
