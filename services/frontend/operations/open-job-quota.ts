import type { Clock } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { idempotencyKey, OPEN_PREFIX } from '#shared/jobs/keys.ts'
import { hintPages } from '#shared/state/hint-pages.ts'
import type { StateStore } from '#shared/state/state-store.ts'

// What was counted is believed for so long; that a tenant is full, for less, since jobs end.
const BELIEVE_MS = 30_000
const BELIEVE_FULL_MS = 2_000
const RETRY_AFTER_SEC = 10

/** How many more jobs this frontend lets in before it counts again. */
interface Tally {
  places: number
  readonly isFull: boolean
}

/** The submit that asks; its key lets a repeat of an accepted one pass. */
export interface QuotaRequest {
  readonly tenant: string
  readonly idempotencyKey?: string | undefined
}

/**
 * Holds each tenant to a number of open jobs. They are counted by their hints, but not at each submit: after a count
 * this frontend lets in half of the room that was left, for at most half a minute. So far from the limit next to
 * nothing is listed, and several frontends together exceed it by little.
 */
export class OpenJobQuota {
  readonly #d: { readonly store: StateStore; readonly clock: Clock }
  readonly #most: number
  readonly #tallies = new Map<string, { readonly counted: Promise<Tally>; atMs: number }>()

  /** `most` jobs for each tenant; 0 is no limit. */
  constructor(dependencies: { readonly store: StateStore; readonly clock: Clock }, most: number) {
    this.#d = dependencies
    this.#most = most
  }

  /** Takes a place for one more job. Throws `quota-exceeded`. */
  take(request: QuotaRequest): Promise<void> {
    return this.#admit(request, 1)
  }

  /** Throws `quota-exceeded` when there is no place, before much is done for a job. */
  check(request: QuotaRequest): Promise<void> {
    return this.#admit(request, 0)
  }

  async #admit(request: QuotaRequest, takes: 0 | 1): Promise<void> {
    if (this.#most === 0) return
    for (;;) {
      const counted = this.#tallyOf(request.tenant)
      const tally = await counted
      if (tally.places > 0) {
        // At once: all who waited for this count are woken together, and would find the same place.
        tally.places -= takes
        return
      }
      if (tally.isFull) return this.#refuse(request)
      this.#forget(request.tenant, counted) // used up: another count
    }
  }

  #tallyOf(tenant: string): Promise<Tally> {
    const nowMs = this.#d.clock.monotonicMs()
    const known = this.#tallies.get(tenant)
    if (known && nowMs - known.atMs < BELIEVE_MS) return known.counted
    const counted = this.#count(tenant)
    const ours = { counted, atMs: nowMs }
    this.#tallies.set(tenant, ours)
    counted.then(
      ({ isFull }) => {
        if (isFull) ours.atMs = nowMs - BELIEVE_MS + BELIEVE_FULL_MS
      },
      () => this.#forget(tenant, counted),
    )
    return counted
  }

  /** Unless somebody else has begun another count already. */
  #forget(tenant: string, counted: Promise<Tally>): void {
    if (this.#tallies.get(tenant)?.counted === counted) this.#tallies.delete(tenant)
  }

  async #count(tenant: string): Promise<Tally> {
    let open = 0
    for await (const page of hintPages(this.#d.store, `${OPEN_PREFIX}${tenant}/`)) {
      open += page.length
      if (open >= this.#most) break
    }
    return { places: Math.ceil((this.#most - open) / 2), isFull: open >= this.#most }
  }

  /** The repeat of a submit that was accepted is none: the same key gives the same job. */
  async #refuse({ tenant, idempotencyKey: key }: QuotaRequest): Promise<void> {
    if (key !== undefined && (await this.#d.store.get(idempotencyKey(tenant, 'submit-job', key)))) return
    throw new ReelmillError(
      'quota-exceeded',
      `This tenant has ${this.#most} jobs open, and may not have more. Wait until some end, or cancel some; one whose webhook has not taken the news yet counts, too.`,
      { facts: { mostOpenJobs: this.#most, retryAfterSec: RETRY_AFTER_SEC } },
    )
  }
}
