import assert from 'node:assert/strict'
import { ProgressLines } from '../../../scripts/demo/progress-lines.ts'

describe('the progress lines of the demo', () => {
  it('draw one bar per job over the last ones on a terminal', () => {
    const { out, lines } = on({ isTTY: true, columns: 200 })
    lines.set('a', { label: 'a.mov', phase: 'encode', progress: 0.5, detail: '3.0x' })
    lines.set('b', { label: 'b.mov', phase: 'queued' })
    lines.set('a', { label: 'a.mov', phase: 'succeeded', progress: 1 })
    assert.equal(out.length, 3)
    assert.match(out[0] ?? '', /a\.mov {2}█{12}░{12} {2}50% {2}encode {4}3\.0x\n$/)
    assert.ok(out[1]?.startsWith('\x1b[1A'))
    assert.ok(out[2]?.startsWith('\x1b[2A'))
    assert.match(out[2] ?? '', /█{24} 100% {2}succeeded.*\n.*b\.mov/)
  })

  it('never are wider than the terminal, since a wrapped line cannot be drawn over', () => {
    const { out, lines } = on({ isTTY: true, columns: 40 })
    lines.set('a', { label: 'a'.repeat(100), phase: 'encode', progress: 0.5 })
    assert.equal(out[0]?.replace('\x1b[2K', '').trimEnd().length, 39)
  })

  it('are whole on a terminal that does not know how wide it is', () => {
    const { out, lines } = on({ isTTY: true, columns: 0 })
    lines.set('a', { label: 'a.mov', phase: 'queued', detail: 'a worker is starting' })
    assert.match(out[0] ?? '', /a worker is starting\n$/)
  })

  it('tell only news in a pipe: another phase or another quarter', () => {
    const { out, lines } = on({})
    for (const progress of [0.01, 0.1, 0.2, 0.3, 0.31, 1])
      lines.set('a', { label: 'a.mov', phase: 'encode', progress })
    lines.set('a', { label: 'a.mov', phase: 'verify' })
    assert.deepEqual(out, [
      '  a.mov  encode  1%\n',
      '  a.mov  encode  30%\n',
      '  a.mov  encode  100%\n',
      '  a.mov  verify\n',
    ])
  })

  function on(terminal: { isTTY?: boolean; columns?: number }) {
    const out: string[] = []
    return { out, lines: new ProgressLines({ ...terminal, write: (text) => out.push(text) }) }
  }
})
