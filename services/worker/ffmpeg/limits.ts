import { availableParallelism, totalmem } from 'node:os'

/** What one job may take. The operator sets it; every number is enforced by ffmpeg, the kernel or a check of ours. */
export interface EncodeLimits {
  /** Most pixels in one picture of the input. */
  readonly maxPixels: number
  /** Most streams in the input. */
  readonly maxStreams: number
  /** Longest input and output, in seconds. */
  readonly maxDurationSec: number
  /** Largest single output file, in bytes. */
  readonly maxOutputBytes: number
  /** Largest single allocation inside ffmpeg, in bytes. */
  readonly maxAllocBytes: number
  /** Memory of the whole ffmpeg process, in bytes. */
  readonly memoryBytes: number
  /** CPU time of one ffmpeg process, over all cores, in seconds. */
  readonly cpuSec: number
  readonly openFiles: number
  /** Processes and threads, inside the jail. */
  readonly processes: number
  /** Longest wall time of the encode, in milliseconds. */
  readonly encodeTimeoutMs: number
  /** Longest wall time of one probe, in milliseconds. */
  readonly probeTimeoutMs: number
  /** An encode whose clock, frames and bytes all stand still for this long is stalled, in milliseconds. */
  readonly stallMs: number
}

const GiB = 2 ** 30
const HOUR_SEC = 3600

/** For a worker that has this machine to itself. */
export const defaultLimits: EncodeLimits = {
  // 8192 x 4320 and a little: 8K is the largest picture that people send; 16k x 16k would be 268 million.
  maxPixels: 40_000_000,
  maxStreams: 64,
  maxDurationSec: 12 * HOUR_SEC,
  maxOutputBytes: 64 * GiB,
  // One picture of maxPixels at 16 bits and 4 planes is 320 MB.
  maxAllocBytes: 512 * 2 ** 20,
  memoryBytes: Math.max(GiB, Math.min(8 * GiB, Math.floor(totalmem() * 0.75))),
  cpuSec: 12 * HOUR_SEC * availableParallelism(),
  openFiles: 256,
  processes: 2048,
  encodeTimeoutMs: 12 * HOUR_SEC * 1000,
  probeTimeoutMs: 30_000,
  stallMs: 60_000,
}
