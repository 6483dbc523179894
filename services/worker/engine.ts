import type { FrozenOutput } from '#shared/jobs/record.ts'
import type { Check, MediaInfo, ProducedFile, Stream, Warning } from '#shared/jobs/shapes.ts'
import type { Progress } from '#shared/workers/worker-record.ts'

export interface EncodeRequest {
  readonly jobId: string
  /** The fetched movie, a local file. */
  readonly inputPath: string
  /** The id of the input in the request, for errors and warnings. */
  readonly inputId: string
  /** A folder of its own to write to. */
  readonly outputDir: string
  readonly outputs: readonly FrozenOutput[]
  /** Aborted to stop: everything that was started is gone before `Engine` settles. */
  readonly signal: AbortSignal
  onProgress(progress: Progress): void
  /**
   * Told of each file that is written and will not change any more, but is yet to be verified. It counts only when the
   * result lists it, the same, in the end.
   */
  onWritten(output: string, file: EncodedFile): void
}

/** A file of an output on the local disk. Its SHA-256 is taken as it is published. */
export type EncodedFile = Omit<ProducedFile, 'sha256'> & { readonly localPath: string }

export interface EncodedOutput {
  readonly name: string
  readonly status: 'succeeded' | 'skipped'
  readonly reason?: string
  readonly durationSec?: number
  readonly streams: readonly Stream[]
  readonly files: readonly EncodedFile[]
  readonly checks: readonly Check[]
}

export interface EncodeResult {
  readonly detected: MediaInfo
  readonly outputs: readonly EncodedOutput[]
  readonly warnings: readonly Warning[]
  readonly encodeSec: number
  readonly verifySec: number
  readonly cpuSec?: number
}

/**
 * Probes, plans, encodes and verifies: everything between a local input and local, verified outputs. Throws a
 * `ReelmillError` with a job's code, or the signal's reason. services/worker/ffmpeg holds the real one; the life
 * cycle knows only this.
 */
export type Engine = (request: EncodeRequest) => Promise<EncodeResult>
