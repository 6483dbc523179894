const BAR_CELLS = 24
const PLAIN_EVERY = 0.25

/** What one line says about its job just now. */
export interface LineState {
  readonly label: string
  /** Such as `upload`, `queued`, `encode`, `succeeded`. */
  readonly phase: string
  /** 0..1; absent means unknown. */
  readonly progress?: number | undefined
  /** Such as `3.2x` or `4 s left`. */
  readonly detail?: string | undefined
}

/**
 * One line per job: on a terminal a bar that is drawn over, in a pipe a new line whenever the phase changes or
 * another quarter is done.
 */
export class ProgressLines {
  readonly #out: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number }
  readonly #states = new Map<string, LineState>()
  readonly #told = new Map<string, string>()
  #drawn = 0

  constructor(out: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number }) {
    this.#out = out
  }

  set(id: string, state: LineState): void {
    this.#states.set(id, state)
    if (this.#out.isTTY) this.#draw()
    else this.#tell(id, state)
  }

  #draw(): void {
    // A terminal that does not know its size says 0.
    const width = (this.#out.columns || 80) - 1
    const lines = [...this.#states.values()].map((state) => barLine(state).slice(0, width))
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : ''
    this.#out.write(`${up}${lines.map((line) => `\x1b[2K${line}\n`).join('')}`)
    this.#drawn = lines.length
  }

  #tell(id: string, state: LineState): void {
    const quarter = Math.floor((state.progress ?? 0) / PLAIN_EVERY)
    const told = `${state.phase} ${quarter}`
    if (this.#told.get(id) === told) return
    this.#told.set(id, told)
    this.#out.write(`${plainLine(state)}\n`)
  }
}

function barLine(state: LineState): string {
  const full = Math.round((state.progress ?? 0) * BAR_CELLS)
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`
  return `  ${state.label}  ${bar} ${percent(state).padStart(4)}  ${state.phase.padEnd(9)} ${state.detail ?? ''}`
}

const plainLine = (state: LineState): string =>
  ['  '.concat(state.label), state.phase, percent(state), state.detail].filter(Boolean).join('  ')

const percent = ({ progress }: LineState): string =>
  progress === undefined ? '' : `${Math.round(progress * 100)}%`
