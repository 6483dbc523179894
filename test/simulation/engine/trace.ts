/** The story of a run, one line for each thing that happened. Off, it costs nothing. */
export class Trace {
  readonly #lines: string[] = []
  readonly #names = new Map<string, string>()
  readonly isOn: boolean
  readonly #nowMs: () => number

  constructor(isOn: boolean, nowMs: () => number) {
    this.isOn = isOn
    this.#nowMs = nowMs
  }

  say(who: string, what: () => string): void {
    if (!this.isOn) return
    const seconds = (this.#nowMs() / 1000).toFixed(3)
    this.#lines.push(this.#named(`t=${seconds} s ${who}: ${what()}`))
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  /** Ids of 30 characters are for machines: here they are job#1, wrk#2 and so on. */
  #named(line: string): string {
    return line.replace(/\b(job|upl|wrk|mst|evt)_[0-9A-HJKMNP-TV-Z]{26}/g, (id, prefix: string) => {
      const known = this.#names.get(id)
      if (known !== undefined) return known
      const count = [...this.#names.values()].filter((name) => name.startsWith(`${prefix}#`)).length
      const name = `${prefix}#${count + 1}`
      this.#names.set(id, name)
      return name
    })
  }
}
