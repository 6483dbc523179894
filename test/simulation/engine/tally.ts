/**
 * Counts how often each thing happened, over as many runs as one likes. Everything that can happen is named first,
 * so that what never happened shows: a simulation that does not reach a fault proves nothing about it.
 */
export class Tally {
  readonly #counts = new Map<string, number>()

  constructor(names: readonly string[] = []) {
    for (const name of names) this.#counts.set(name, 0)
  }

  count(name: string, times = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + times)
  }

  get entries(): readonly (readonly [string, number])[] {
    return [...this.#counts]
  }

  get never(): readonly string[] {
    return [...this.#counts].filter(([, times]) => times === 0).map(([name]) => name)
  }

  toString(): string {
    return [...this.#counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, times]) => `${String(times).padStart(9)}  ${name}`)
      .join('\n')
  }
}
