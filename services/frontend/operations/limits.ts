/** Bounds on what one client can take. Bytes and milliseconds. */
export interface Limits {
  readonly maxUploadBytes: number
  /** A JSON body. */
  readonly maxBodyBytes: number
  /** How long a client may send nothing in the middle of an upload. */
  readonly uploadIdleMs: number
  /** How long a JSON body may take. */
  readonly bodyMs: number
  /** How long presigned URLs are valid, for reading results and for writing parts. */
  readonly readUrlSec: number
  readonly partUrlSec: number
  /** Requests per key in a window. */
  readonly rateRequests: number
  readonly rateWindowSec: number
  /** Wrong or missing keys per address in a minute, before it is told to wait. */
  readonly badKeysPerMinute: number
  /** Open jobs of one tenant; 0 is no limit. */
  readonly maxOpenJobs: number
  /** Event streams that are open at once for one key. */
  readonly maxStreamsPerKey: number
}

const HOUR_SEC = 3600

export const defaultLimits: Limits = {
  maxUploadBytes: 5 * 2 ** 40,
  maxBodyBytes: 2 ** 20,
  uploadIdleMs: 60_000,
  bodyMs: 30_000,
  readUrlSec: HOUR_SEC,
  partUrlSec: 12 * HOUR_SEC,
  rateRequests: 600,
  rateWindowSec: 60,
  badKeysPerMinute: 60,
  maxOpenJobs: 10_000,
  maxStreamsPerKey: 100,
}
