import assert from 'node:assert/strict'
import { codeOf, encodeClip } from '../../support/encode-clip.ts'
import { requireTool } from '../../support/tools.ts'
import { cutMovies } from './cut-movies.ts'
import { damagedMovies } from './damaged-movies.ts'
import type { MovieCase, Outcome } from './movie-case.ts'
import { oddMovies } from './odd-movies.ts'

describe('The corpus of damaged and odd movies', () => {
  before(function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
  })

  for (const [title, movies] of Object.entries({ Cut: cutMovies, Damaged: damagedMovies, Odd: oddMovies })) {
    describe(title, () => {
      for (const movie of movies) {
        it(`${movie.name}: ${inWords(movie.outcome)}`, async function () {
          this.timeout(120_000)
          await check(movie)
        })
      }
    })
  }
})

async function check({ make, preset = 'web-480p', outcome }: MovieCase): Promise<void> {
  const file = await make()
  if (outcome.status === 'failed') {
    assert.equal(await codeOf(encodeClip(file, [preset])), outcome.code)
    if (!outcome.saved) return
    const { outputs, warnings } = await encodeClip(file, [preset], { settings: { onInputDamage: 'warn' } })
    const frames = outputs[0]?.streams.find(({ type }) => type === 'video')?.frameCount ?? 0
    assert.ok(frames >= outcome.saved.atLeastFrames, `${frames} frames were saved`)
    assert.ok(
      warnings.some(({ code }) => code === outcome.saved?.warning),
      JSON.stringify(warnings),
    )
    return
  }
  const { outputs, warnings } = await encodeClip(file, [preset])
  const [output] = outputs
  const video = output?.streams.find(({ type }) => type === 'video')
  const audio = output?.streams.find(({ type }) => type === 'audio')
  const found = {
    frames: video?.frameCount,
    size: `${video?.width}x${video?.height}`,
    channels: audio?.channels,
  }
  for (const fact of ['frames', 'size', 'channels'] as const) {
    if (outcome[fact] !== undefined) assert.equal(found[fact], outcome[fact], fact)
  }
  if (outcome.sec !== undefined) {
    const { durationSec = 0 } = output ?? {}
    assert.ok(Math.abs(durationSec - outcome.sec) <= 0.1, `it is ${durationSec} s long`)
  }
  assert.deepEqual(
    [...new Set(warnings.map(({ code }) => code))].sort(),
    outcome.warnings,
    JSON.stringify(warnings),
  )
}

function inWords(outcome: Outcome): string {
  return outcome.status === 'failed'
    ? `${outcome.code}${outcome.saved ? ', or saved with a warning' : ''}`
    : ['succeeds', ...outcome.warnings].join(' with ')
}
