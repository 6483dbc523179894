import { SteadySpeed } from './steady-speed.ts'

/** A line of ffmpeg's log at level warning or worse, with how often it came. Numbers and addresses are taken out. */
export interface Complaint {
  readonly level: 'warning' | 'error' | 'fatal' | 'panic'
  /** The part of ffmpeg that says it, such as `h264`; absent when it is ffmpeg itself. */
  readonly source?: string
  /** The line as it first came. */
  readonly text: string
  readonly count: number
}

export interface InputAccount {
  readonly stream: number
  readonly type: string
  readonly packetsRead: number
  readonly framesDecoded: number
}

export interface OutputAccount {
  /** The place of the file among the outputs of the command line. */
  readonly file: number
  readonly stream: number
  readonly type: string
  readonly framesEncoded: number
  readonly packetsMuxed: number
}

/** What one line of progress says. Fields that ffmpeg does not know yet are absent. */
export interface EncodeProgress {
  readonly outTimeSec?: number
  /** Seconds of movie per second; absent in the first seconds, when it would be nonsense. */
  readonly speed?: number
  readonly frame?: number
  readonly totalBytes?: number
}

// A damaged movie complains in every frame with other numbers; this many different kinds are enough to judge it.
const MOST_COMPLAINTS = 200
const MOST_LINE_CHARS = 500
const LAST_LINES = 30

/**
 * Reads ffmpeg's stderr line by line, in constant memory whatever comes: progress (`-progress pipe:2`), complaints
 * (`-v level+...`), the account of packets and frames that `-v verbose` gives at the end, and CPU time (`-benchmark`).
 */
export class EncodeLog {
  readonly inputs: InputAccount[] = []
  readonly outputs: OutputAccount[] = []
  droppedFrames = 0
  duplicatedFrames = 0
  cpuSec: number | undefined
  maxRssBytes: number | undefined
  /** True when ffmpeg has said that it finished. */
  finished = false
  #complaints = new Map<string, { -readonly [K in keyof Complaint]: Complaint[K] }>()
  #lastComplaint: string | undefined
  #lastLines: string[] = []
  #progress: Record<string, string> = {}
  readonly #speed = new SteadySpeed()

  /** Takes one line; returns the progress when it completes a report of it. */
  read(line: string): EncodeProgress | undefined {
    const progress = /^([a-z_0-9]+)=\s*(\S*)\s*$/.exec(line)
    if (progress?.[1] && progress[2] !== undefined) return this.#readProgress(progress[1], progress[2])
    const text = line.slice(0, MOST_LINE_CHARS)
    if (text !== '' && this.#lastLines.push(text) > LAST_LINES) this.#lastLines.shift()
    this.#readAccount(text) || this.#readComplaint(text)
    return undefined
  }

  get complaints(): readonly Complaint[] {
    return [...this.#complaints.values()]
  }

  /** The end of the log, for a person. */
  get tail(): string {
    return this.#lastLines.join('\n')
  }

  #readProgress(name: string, value: string): EncodeProgress | undefined {
    if (name !== 'progress') {
      // Reports have some twenty fields; more is no report.
      if (Object.keys(this.#progress).length < 1000) this.#progress[name] = value
      return undefined
    }
    const report = this.#progress
    this.#progress = {}
    this.finished = value === 'end'
    this.droppedFrames = numberIn(report.drop_frames) ?? this.droppedFrames
    this.duplicatedFrames = numberIn(report.dup_frames) ?? this.duplicatedFrames
    const outTimeUs = numberIn(report.out_time_us)
    const outTimeSec = outTimeUs === undefined ? undefined : Math.max(0, outTimeUs / 1e6)
    return {
      ...optional('outTimeSec', outTimeSec),
      ...optional('speed', this.#speed.next(outTimeSec, numberIn(report.speed?.replace('x', '')))),
      ...optional('frame', numberIn(report.frame)),
      ...optional('totalBytes', numberIn(report.total_size)),
    }
  }

  #readAccount(text: string): boolean {
    const input =
      /Input stream #\d+:(\d+) \((\w+)\): (\d+) packets read \(\d+ bytes\);(?: (\d+) frames decoded)?/.exec(
        text,
      )
    if (input) {
      this.inputs.push({
        stream: Number(input[1]),
        type: input[2] ?? '',
        packetsRead: Number(input[3]),
        framesDecoded: Number(input[4] ?? 0),
      })
      return true
    }
    const output =
      /Output stream #(\d+):(\d+) \((\w+)\):(?: (\d+) frames encoded(?: \(\d+ samples\))?;)? (\d+) packets muxed/.exec(
        text,
      )
    if (output) {
      this.outputs.push({
        file: Number(output[1]),
        stream: Number(output[2]),
        type: output[3] ?? '',
        framesEncoded: Number(output[4] ?? 0),
        packetsMuxed: Number(output[5]),
      })
      return true
    }
    const cpu = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(text)
    if (cpu) this.cpuSec = Number(cpu[1]) + Number(cpu[2])
    const memory = /bench: maxrss=(\d+)kB/.exec(text)
    if (memory) this.maxRssBytes = Number(memory[1]) * 1024
    return cpu !== null || memory !== null
  }

  #readComplaint(text: string): void {
    const repeated = /^\s*Last message repeated (\d+) times/.exec(text)
    if (repeated && this.#lastComplaint) {
      const last = this.#complaints.get(this.#lastComplaint)
      if (last) last.count += Number(repeated[1])
      return
    }
    const found = /^((?:\[[^\]]*\] )*?)\[(warning|error|fatal|panic)\] (.*)$/.exec(text)
    if (!found) {
      // A line of another level: what is repeated next is not a complaint.
      if (/\[(info|verbose|debug)\] /.test(text)) this.#lastComplaint = undefined
      return
    }
    const source = /\[([^\]@]+?)(?: @ [^\]]*)?\] $/.exec(found[1] ?? '')?.[1]
    const said = found[3] ?? ''
    const kind = `${source ?? ''}|${found[2]}|${said.replace(/0x[0-9a-f]+|\d+/gi, '#')}`
    this.#lastComplaint = kind
    const known = this.#complaints.get(kind)
    if (known) known.count += 1
    else if (this.#complaints.size < MOST_COMPLAINTS) {
      this.#complaints.set(kind, {
        level: found[2] as Complaint['level'],
        ...(source && { source }),
        text: said,
        count: 1,
      })
    }
  }
}

function numberIn(value: string | undefined): number | undefined {
  const parsed = value === undefined || value === '' ? Number.NaN : Number(value)
  return Number.isFinite(parsed) ? parsed : undefined
}

const optional = <K extends string>(name: K, value: number | undefined): { [k in K]?: number } =>
  (value === undefined ? {} : { [name]: value }) as { [k in K]?: number }
