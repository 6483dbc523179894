import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { BenchGroup } from '../../../scripts/bench/bench-group.ts'
import { type KeptRun, keepRun, keptRuns } from '../../../scripts/bench/kept-runs.ts'
import { type Measurement, reached } from '../../../scripts/bench/measurement.ts'
import { asMarkdown, asTable } from '../../../scripts/bench/report.ts'

const group = (name: string): BenchGroup => ({
  name,
  title: `About ${name}`,
  about: '',
  takes: name === 'encode' ? ['seconds', 'rounds'] : [],
  run: async () => ({ measurements: [] }),
})
const groups = [group('encode'), group('puts')]
const of = (median: number) => ({ median, least: median, most: median, count: 1 })
const ratio: Measurement = { what: 'a job', unit: 'x', value: of(1.2), goal: { atMost: 1.05 } }
const rate: Measurement = { what: 'writes', unit: '/s', value: of(3200), goal: { atLeast: 3000 } }
const run = (name: string, more: Partial<KeptRun> = {}): KeptRun => ({
  group: name,
  machine: 'this one',
  date: '2026-01-02T03:04:05.000Z',
  seconds: 60,
  rounds: 5,
  minutes: 30,
  measurements: [name === 'encode' ? ratio : rate],
  ...more,
})

describe('a goal of the bench', () => {
  it('is an upper or a lower bound', () => {
    assert.equal(reached(ratio), false)
    assert.equal(reached({ ...ratio, value: of(1.05) }), true)
    assert.equal(reached(rate), true)
    assert.equal(reached({ ...rate, value: of(2999) }), false)
  })

  it('is compared with the value that the row names for it', () => {
    assert.equal(reached({ ...ratio, value: of(1), compared: { name: 'p99', value: 2 } }), false)
  })

  it('need not be there', () => {
    assert.equal(reached({ what: 'a bill', unit: 'USD', value: of(9) }), true)
  })
})

describe('the report of the bench', () => {
  it('shows units, bounds and verdicts in columns', () => {
    assert.equal(
      asTable([ratio, rate]),
      [
        'what    median  spread  n  goal       reached',
        'a job   1.200           1  <= 1.050   NO',
        'writes  3200/s          1  >= 3000/s  yes',
      ].join('\n'),
    )
  })

  it('has a section for each group, with the day and the options that the group takes', () => {
    const markdown = asMarkdown(
      'this one',
      [run('puts'), run('encode', { remarks: 'Side by side.' })],
      groups,
    )
    assert.match(markdown, /^Machine: this one\.$/m)
    const [encode = '', puts = ''] = markdown.split(/^## /m).slice(1)
    assert.match(
      encode,
      /^About encode\n\n`npm run bench -- --only encode`, 2026-01-02, clips of 60 s at 1280x720, 5 rounds\.$/m,
    )
    assert.match(encode, /^\| a job \| 1\.200 \| {2}\| 1 \| <= 1\.050 \| NO \|\n\nSide by side\.$/m)
    assert.match(puts, /^About puts\n\n`npm run bench -- --only puts`, 2026-01-02\.$/m)
  })

  it('keeps what it said before of groups that have not run since, on this machine', () => {
    const before = asMarkdown('this one', [run('encode', { remarks: 'Long ago.' }), run('puts')], groups)
    const faster = run('puts', { measurements: [{ ...rate, value: of(9999) }] })
    const after = asMarkdown('this one', [faster], groups, before)
    assert.match(after, /^## About encode$[^#]*^Long ago\.$[^#]*^## About puts$[^#]*9999/m)
    assert.equal(asMarkdown('this one', [], groups, before), before)
    assert.doesNotMatch(asMarkdown('another one', [faster], groups, before), /About encode/)
  })
})

describe('the figures that the bench keeps', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-bench-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('are those of the latest run of each group on this machine', async () => {
    await keepRun(folder, run('encode', { rounds: 1 }))
    await keepRun(folder, run('encode', { rounds: 7 }))
    await keepRun(folder, run('puts', { machine: 'another' }))
    assert.deepEqual(await keptRuns(folder, 'this one', groups), [run('encode', { rounds: 7 })])
  })

  it('are refused with a sentence when a file is none of theirs', async () => {
    await writeFile(path.join(folder, 'puts.json'), 'cut off')
    await assert.rejects(
      keptRuns(folder, 'this one', groups),
      /puts\.json cannot be read as figures of an earlier run/,
    )
  })
})
