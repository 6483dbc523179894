import type { Log } from '#shared/log.ts'
import type { Jail } from './jail.ts'
import type { EncodeLimits } from './limits.ts'

/** What every look at a file needs: where the tools are, what they may take, and when to stop. */
export interface ProbeContext {
  readonly jail: Jail
  readonly limits: EncodeLimits
  readonly log: Log
  readonly signal: AbortSignal
}
