import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { type Measurement, reached } from './measurement.ts'

/** The machine in words that say how fast it is and nothing about whose it is. */
export async function machineInWords(): Promise<string> {
  const { stdout } = await promisify(execFile)('ffmpeg', ['-version'])
  const ffmpeg = /^ffmpeg version (\d+(?:\.\d+)*)/.exec(stdout)?.[1] ?? 'unknown'
  const cores = cpus().length
  return `${cores} cores${(await isVirtual()) ? ' of a virtual machine' : ''}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${await systemName()}, ffmpeg ${ffmpeg}, Node ${process.versions.node}`
}

export function asTable(measurements: readonly Measurement[]): string {
  const rows = [
    ['what', 'median', 'spread', 'n', 'goal', ''],
    ...measurements.map((measurement) => {
      const { what, value, unit, goal, compared, note } = measurement
      const show = (number: number) => shown(number, unit)
      return [
        note ? `${what} (${note})` : what,
        compared ? `${show(value.median)}, ${compared.name} ${show(compared.value)}` : show(value.median),
        `${show(value.least)} to ${show(value.most)}`,
        String(value.count),
        `<= ${show(goal)}`,
        reached(measurement) ? 'yes' : 'NO',
      ]
    }),
  ]
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** docs/benchmarks.md. */
export function asMarkdown(run: {
  readonly machine: string
  readonly seconds: number
  readonly rounds: number
  readonly measurements: readonly Measurement[]
  readonly commands: readonly string[]
}): string {
  const rows = run.measurements.map((measurement) => {
    const { what, value, unit, goal, compared, note } = measurement
    const show = (number: number) => shown(number, unit)
    const median = compared
      ? `${show(value.median)}, ${compared.name} ${show(compared.value)}`
      : show(value.median)
    return `| ${what}${note ? ` (${note})` : ''} | ${median} | ${show(value.least)} to ${show(value.most)} | ${value.count} | ${show(goal)} | ${reached(measurement) ? 'yes' : 'no'} |`
  })
  return `# Benchmarks

Written by \`npm run bench -- --write-docs\`; run it on your own machine before you believe it.

Machine: ${run.machine}. Clips of ${run.seconds} s at 1280x720, ${run.rounds} rounds, Reelmill and bare ffmpeg turn and
turn about, the worker warm. Medians of the single rounds' ratios, and their spread.

| what | median | spread | n | at most | reached |
|---|---|---|---|---|---|
${rows.join('\n')}

The wall of a job is from sending the submit to reading \`succeeded\`: it includes the queue, the fetch, the probe, the
jail, verification, storing the output, and the client's polling. The command lines differ in paths, progress and
guards only:

\`\`\`sh
${run.commands.join('\n\n')}
\`\`\`
`
}

const shown = (number: number, unit: Measurement['unit']): string =>
  unit === 'x' ? number.toFixed(3) : unit === '%' ? `${number.toFixed(1)} %` : `${Math.round(number)} ms`

async function systemName(): Promise<string> {
  try {
    const release = await readFile('/etc/os-release', 'utf8')
    const name = (field: string) => new RegExp(`^${field}="?([^"\\n]+)"?$`, 'm').exec(release)?.[1]
    return `${(name('NAME') ?? 'Linux').replace(' GNU/Linux', '')} ${name('VERSION_ID') ?? ''}`.trim()
  } catch {
    return process.platform // no os-release outside Linux
  }
}

async function isVirtual(): Promise<boolean> {
  try {
    return /^flags.*\bhypervisor\b/m.test(await readFile('/proc/cpuinfo', 'utf8'))
  } catch {
    return false // not Linux: unknown, and then not said
  }
}
