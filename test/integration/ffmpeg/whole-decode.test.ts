import assert from 'node:assert/strict'
import { everydayClip, fastH264, makeClip, picture } from '../../support/clips.ts'
import { codeOf, encodeClip } from '../../support/encode-clip.ts'
import { fakeFfmpeg } from '../../support/fake-ffmpeg.ts'
import { requireTool } from '../../support/tools.ts'

const decodeChecks = ({ outputs }: Awaited<ReturnType<typeof encodeClip>>) =>
  outputs.flatMap(({ name, checks }) =>
    checks
      .filter((check) => check.name.startsWith('decode.'))
      .map((check) => `${name}: ${check.name} ${check.result}`),
  )

/** The real ffmpeg, and a disk or memory beneath it that flips a bit in each of some places of what was encoded. */
const flippingBits = () =>
  fakeFfmpeg(
    'flips-bits',
    `ffmpeg "$@" || exit
for word; do [ "$word" = -filter_complex ] && encodes=1; case "$word" in *.mp4) file=$word;; esac; done
[ -n "$encodes" ] || exit 0
size=$(stat -c %s "$file")
for percent in 45 55 65 75 85 95; do
  at=$((size * percent / 100))
  byte=$(od -An -tu1 -j "$at" -N 1 "$file")
  printf "\\\\$(printf %o $((byte ^ 16)))" | dd of="$file" bs=1 seek="$at" conv=notrunc 2>/dev/null
done`,
  )

describe('The whole decode of an output', () => {
  before(function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
  })

  it('catches flipped bits that every other check lets through', async () => {
    const ffmpeg = await flippingBits()
    const work = async (decodeShare: number) =>
      encodeClip(await everydayClip(), ['web-480p'], { ffmpeg, decodeShare })
    assert.deepEqual(decodeChecks(await work(0)), [])
    await assert.rejects(work(1), { code: 'output-verification-failed', message: /decode\.silent/ })
  })

  it('has nothing to say of whole movies, and says so in their checks', async () => {
    const result = await encodeClip(await everydayClip(), ['web-480p', 'audio-m4a', 'poster-jpg'], {
      decodeShare: 1,
    })
    assert.deepEqual(decodeChecks(result), [
      'web-480p: decode.silent passed',
      'web-480p: decode.video-frames passed',
      'web-480p: decode.audio-frames passed',
      'audio-m4a: decode.silent passed',
      'audio-m4a: decode.audio-frames passed',
    ])
  })

  it('has nothing to say of uneven frames', async () => {
    const clip = await makeClip('uneven-whole-decode.mp4', [
      // In pairs a millisecond apart: at the mean of their rate both have the same time.
      ...[...picture('160x90', 1, '20'), '-vf', "setpts='PTS-mod(N,2)*0.049/TB'"],
      ...['-fps_mode', 'vfr', '-enc_time_base', '1:1000', ...fastH264],
    ])
    const result = await encodeClip(clip, ['web-480p'], { decodeShare: 1 })
    assert.deepEqual(decodeChecks(result), [
      'web-480p: decode.silent passed',
      'web-480p: decode.video-frames passed',
    ])
  })

  it('fails an output that cannot be decoded to its end', async () => {
    const ffmpeg = await fakeFfmpeg(
      'decodes-nothing',
      'case "$*" in *-filter_complex*) exec ffmpeg "$@";; esac\nexit 1',
    )
    const work = encodeClip(await everydayClip(), ['web-480p'], { ffmpeg, decodeShare: 1 })
    await assert.rejects(work, { code: 'output-verification-failed', message: /decode\.whole/ })
  })

  it('counts the frames, and believes no exit code', async () => {
    const account = '[verbose]   Input stream #0:0 (video): 25 packets read (1 bytes); 24 frames decoded; '
    const muxed = '[verbose]   Output stream #0:0 (video): 24 frames encoded; 24 packets muxed (1 bytes); '
    const ffmpeg = await fakeFfmpeg(
      'decodes-less',
      `case "$*" in *-filter_complex*) exec ffmpeg "$@";; esac\nprintf '%s\\n' '${account}' '${muxed}' progress=end >&2`,
    )
    const silent = await makeClip('without-sound.mp4', [...picture(), ...fastH264])
    const work = encodeClip(silent, ['web-480p'], { ffmpeg, decodeShare: 1 })
    await assert.rejects(work, { code: 'output-verification-failed', message: /24 frames of 25 packets/ })
  })

  it('that stands still is stopped, and says so by its own code', async () => {
    const ffmpeg = await fakeFfmpeg(
      'decode-hangs',
      'case "$*" in *-filter_complex*) exec ffmpeg "$@";; esac\nexec sleep 100',
    )
    const options = { ffmpeg, decodeShare: 1, limits: { stallMs: 1500 } }
    assert.equal(await codeOf(encodeClip(await everydayClip(), ['web-480p'], options)), 'encode-stalled')
  })
})
