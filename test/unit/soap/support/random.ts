/** Reproducible randomness for the fuzz runs: fast, and a failing case is named by its seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 (inclusive) to `below` (exclusive), whole. */
  below(below: number): number {
    // mulberry32, by Tommy Ettinger; public domain
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }

  pick<T>(of: readonly T[]): T {
    const picked = of[this.below(of.length)]
    if (picked === undefined) throw new Error('There is nothing to pick from.')
    return picked
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }

  many<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make)
  }

  /** Where to cut something of `length` bytes, in order. */
  cuts(length: number): number[] {
    return this.many(6, () => this.below(length + 1)).sort((a, b) => a - b)
  }

  /** `bytes` with a few of them changed, taken out, put in, doubled or cut off. */
  mutate(bytes: Buffer, tokens: readonly string[]): Buffer {
    let mutated = bytes
    for (let left = 1 + this.below(3); left > 0; left--) {
      const at = this.below(mutated.length + 1)
      const to = Math.min(mutated.length, at + this.below(20))
      const before = mutated.subarray(0, at)
      const inserted = [
        () => [before, this.bytes(1 + this.below(3)), mutated.subarray(at)],
        () => [before, Buffer.from(this.pick(tokens)), mutated.subarray(at)],
        () => [before, Buffer.from(this.pick(tokens)), mutated.subarray(to)],
        () => [before, mutated.subarray(to)],
        () => [before, mutated.subarray(at, to), mutated.subarray(at)],
        () => [before],
      ]
      mutated = Buffer.concat(this.pick(inserted)())
    }
    return mutated
  }
}
