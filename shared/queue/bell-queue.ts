/** What a bell says. The record in the store is the truth; losing or doubling a bell costs time, nothing else. */
export interface Bell {
  readonly version: 1
  readonly jobId: string
  /** `main` while a job is one task. */
  readonly task: string
}

export interface ReceivedBell extends Bell {
  /** Names this delivery for `delete` and `extend`. */
  readonly receipt: string
  /** How often it has been delivered, as far as the queue knows; 1 is the first time. */
  readonly deliveries: number
}

/** The queue. It carries bells and is the truth about nothing. Failures are `queue-unavailable`. */
export interface BellQueue {
  send(bell: Bell, signal?: AbortSignal): Promise<void>
  /**
   * Up to `most` (1-10) bells, waiting as long as `waitSec` (0-20) for the first. A body that is not a bell is
   * deleted and logged, never returned.
   */
  receive(options: {
    readonly most: number
    readonly waitSec: number
    readonly signal?: AbortSignal
  }): Promise<readonly ReceivedBell[]>
  delete(receipt: string): Promise<void>
  /** Hides the message for `sec` more seconds from now; 0 hands it back at once. */
  extend(receipt: string, sec: number): Promise<void>
  /** Approximate number of bells waiting to be received. */
  depth(signal?: AbortSignal): Promise<number>
}
