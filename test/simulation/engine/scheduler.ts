import type { Actor } from './actor.ts'

export interface Pending {
  readonly atMs: number
  readonly order: number
  /** Whose code goes on when this happens; a dead one's never does, and a paused one's later. */
  readonly owner: Actor | undefined
  readonly act: () => void
  cancelled: boolean
}

/**
 * Owns time and the order of everything that happens. One step takes the next pending event, moves the clock to
 * its moment, lets it happen and runs all code that it woke until that waits for something pending again.
 */
export class Scheduler {
  #nowMs = 0
  #order = 0
  #heap: Pending[] = []
  steps = 0

  get nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, owner: Actor | undefined, act: () => void): Pending {
    return this.#push({
      atMs: this.#nowMs + Math.max(0, ms),
      order: ++this.#order,
      owner,
      act,
      cancelled: false,
    })
  }

  /** Moves time on while nobody looks: what is pending keeps its distance. */
  skip(ms: number): void {
    this.#nowMs += ms
    this.#heap = this.#heap.map((pending) => Object.assign(pending, { atMs: pending.atMs + ms }))
  }

  /** One step; false when nothing is pending. */
  async step(): Promise<boolean> {
    for (;;) {
      const next = this.#pop()
      if (!next) return false
      if (next.cancelled || next.owner?.isDead) continue
      if (next.owner && next.owner.pausedUntilMs > next.atMs) {
        // Its order stays, so whatever waited for the actor comes in the order in which it would have come.
        this.#push(Object.assign(next, { atMs: next.owner.pausedUntilMs }))
        continue
      }
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      this.steps++
      next.act()
      await quiet()
      return true
    }
  }

  #push(pending: Pending): Pending {
    const heap = this.#heap
    let at = heap.push(pending) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up]
      if (!parent || isBefore(parent, pending)) break
      heap[at] = parent
      at = up
    }
    heap[at] = pending
    return pending
  }

  #pop(): Pending | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last || heap.length === 0) return first
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const a = heap[left]
      if (!a) break
      const b = heap[left + 1]
      const [child, index] = b && isBefore(b, a) ? [b, left + 1] : [a, left]
      if (isBefore(last, child)) break
      heap[at] = child
      at = index
    }
    heap[at] = last
    return first
  }
}

const isBefore = (a: Pending, b: Pending): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/** All I/O is pending in the scheduler, so promises and ticks are all that can run: one turn runs them to the end. */
const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
