import type { BenchGroup } from './bench-group.ts'
import type { KeptRun } from './kept-runs.ts'
import { type Measurement, reached, type Unit } from './measurement.ts'

/** For the screen, in columns. */
export function asTable(measurements: readonly Measurement[]): string {
  const rows = [HEADINGS, ...measurements.map(cellsOf)]
  const widths = HEADINGS.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/**
 * docs/benchmarks.md: a section for each run, in the order of `groups`. Of groups without a run the section stays that
 * stands in `before`, if it is of the same machine.
 */
export function asMarkdown(
  machine: string,
  runs: readonly KeptRun[],
  groups: readonly BenchGroup[],
  before = '',
): string {
  const standing = before.includes(`\nMachine: ${machine}.\n`) ? before.split(/^(?=## )/m).slice(1) : []
  const sections = groups.flatMap((group) => {
    const run = runs.find((one) => one.group === group.name)
    if (run) return [section(group, run)]
    const old = standing.find((text) => text.startsWith(`## ${group.title}\n`))
    return old === undefined ? [] : [`${old.trim()}\n`]
  })
  return `# Benchmarks

Written by \`npm run bench -- --write-docs\`; run it on your own machine before you believe it. \`--help\` names the
groups, each of which can be run alone. A value is the median of \`n\`, beside it what else is compared with the goal;
the spread is from the least to the most.

Machine: ${machine}.

${sections.join('\n')}`
}

const HEADINGS = ['what', 'median', 'spread', 'n', 'goal', 'reached']

function section(group: BenchGroup, run: KeptRun): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const how = {
    seconds: `clips of ${run.seconds} s at 1280x720`,
    rounds: `${run.rounds} rounds`,
    minutes: `${run.minutes} minutes`,
  }
  const said = [run.date.slice(0, 10), ...group.takes.map((option) => how[option])]
  return `## ${group.title}

\`npm run bench -- --only ${group.name}\`, ${said.join(', ')}.

${row(HEADINGS)}
${row(HEADINGS.map(() => '---'))}
${run.measurements.map((measurement) => row(cellsOf(measurement))).join('\n')}
${run.remarks ? `\n${run.remarks.trim()}\n` : ''}`
}

function cellsOf(measurement: Measurement): string[] {
  const { what, value, unit, goal, compared, note } = measurement
  const show = (number: number) => shown(number, unit)
  return [
    note ? `${what} (${note})` : what,
    compared ? `${show(value.median)}, ${compared.name} ${show(compared.value)}` : show(value.median),
    value.count > 1 ? `${show(value.least)} to ${show(value.most)}` : '',
    String(value.count),
    goal ? ('atMost' in goal ? `<= ${show(goal.atMost)}` : `>= ${show(goal.atLeast)}`) : '',
    goal ? (reached(measurement) ? 'yes' : 'NO') : '',
  ]
}

function shown(number: number, unit: Unit): string {
  switch (unit) {
    case 'x':
      return number.toFixed(3)
    case '%':
    case 'MiB':
      return `${number.toFixed(1)} ${unit}`
    case 'CPU-s/GiB':
      return `${number.toFixed(2)} ${unit}`
    case 'MiB/s':
      return `${Math.round(number)} ${unit}`
    case '/s':
      return `${Math.round(number)}/s`
    case 'USD':
      return `$${number < 0.01 ? number.toPrecision(2) : number.toFixed(2)}`
    case 'ms':
      return `${number < 10 ? number.toFixed(1) : Math.round(number)} ms`
    case 'requests':
    case 'jobs':
    case 'files':
    case 'handles':
    case 'threads':
      return `${Number(number.toFixed(1))} ${unit}`
    default:
      return unit satisfies never
  }
}
