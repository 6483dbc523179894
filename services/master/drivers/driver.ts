/**
 * Why a provider did not do what was asked, as far as the master acts on it:
 * `capacity` (it has no room now: wait), `not-found` (what is to be launched does not exist: nobody can wait that
 * away), `rate-limit` (asked too often: ask later), `other`.
 */
export type DriverFailureKind = 'capacity' | 'not-found' | 'rate-limit' | 'other'

export interface DriverFailure {
  readonly kind: DriverFailureKind
  /** A sentence for people. */
  readonly reason: string
  readonly cause?: unknown
}

/** What became of one launch. A failed one may still have happened: then the list shows it later. */
export type LaunchResult =
  | { readonly id: string; readonly outcome: 'launched' | 'exists' }
  | { readonly id: string; readonly outcome: 'failed'; readonly failure: DriverFailure }

/** What became of one termination. `ending` is accepted, not over: the list tells when. */
export type TerminateResult =
  | { readonly id: string; readonly outcome: 'ending' | 'gone' }
  | { readonly id: string; readonly outcome: 'failed'; readonly failure: DriverFailure }

/** A machine as the provider lists it. Its id is that of the launch intent: name, token and worker id in one. */
export interface Machine {
  readonly id: string
  /** `ended` for as long as the provider (or the driver) remembers it; afterwards it is not listed any more. */
  readonly state: 'alive' | 'ended'
  /** How it ended, as far as it is known: an exit code, a signal, a provider's reason. */
  readonly detail?: string
}

/**
 * What the master asks of a provider of machines: a few verbs, ids in and ids out. Whatever carries this
 * fleet's tag belongs to it, so a driver that has just been made knows everything that an older one launched.
 *
 * - Partial success is a value, one result for each id; a verb throws only when the provider cannot be asked.
 * - `launch` is idempotent by id while the machine exists, and the same id never makes two machines at once.
 * - Not being listed proves nothing: a list may lag behind a launch for minutes.
 * - `terminate` is idempotent, and what does not exist is `gone`. It is graceful (the worker is asked first, and
 *   may hand its job back) and then forceful; it returns without waiting for the end. An ended machine that is
 *   terminated is cleaned away: the list forgets it sooner or later.
 * - No driver reads or writes state. Whether a machine may be launched or terminated is the master's decision.
 */
export interface Driver {
  /** Written into intents, so that a change of drivers is noticed. */
  readonly name: string
  /**
   * True when a terminated machine keeps its token, so that a repeated launch cannot make a second one (EC2).
   * Then giving an intent up includes consuming its token (H7).
   */
  readonly remembersTokens: boolean
  launch(ids: readonly string[], signal?: AbortSignal): Promise<readonly LaunchResult[]>
  list(signal?: AbortSignal): Promise<readonly Machine[]>
  terminate(ids: readonly string[], signal?: AbortSignal): Promise<readonly TerminateResult[]>
  /** `listener` is called as soon as the driver sees a machine end by itself. Some never see that. */
  onExit(listener: (id: string) => void): void
  /** Lets go of timers and handles; machines go on. */
  close(): Promise<void>
}
