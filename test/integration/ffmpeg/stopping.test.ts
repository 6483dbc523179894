import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { everydayClip, fastH264, makeClip, picture } from '../../support/clips.ts'
import { codeOf, encodeClip } from '../../support/encode-clip.ts'
import { fakeFfmpeg } from '../../support/fake-ffmpeg.ts'
import { requireTool } from '../../support/tools.ts'

/** The command lines of all processes that have `needle` in theirs. */
async function processesWith(needle: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.includes(needle))
}

describe('Stopping an encode', () => {
  before(function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
  })

  for (const jail of ['bwrap', 'none'] as const) {
    it(`a cancel kills everything that was started, before the encode settles (jail ${jail})`, async () => {
      // A minute of movie in a small file, so that it is certainly still running.
      const clip = await makeClip('long.mkv', [...picture('320x180', 60, '50'), ...fastH264, '-g', '500'])
      const stop = new AbortController()
      const reason = new Error('canceled')
      let running: readonly string[] = []
      const work = encodeClip(clip, ['web-720p'], {
        jail,
        settings: { video: { ...{ effort: 'high', width: 320, height: 180 } } },
        signal: stop.signal,
        onProgress: ({ phase, ratio }) => {
          if (phase !== 'encode' || !ratio || stop.signal.aborted) return
          void processesWith('long.mkv').then((found) => {
            running = found
            stop.abort(reason)
          })
        },
      })
      await assert.rejects(work, (error) => error === reason)
      assert.ok(running.length > 0, 'ffmpeg was seen running')
      assert.deepEqual(await processesWith('long.mkv'), [])
    })

    it(`an ffmpeg that hangs and ignores SIGTERM is stalled, and gone (jail ${jail})`, async () => {
      const mark = `mark-${randomUUID()}`
      const ffmpeg = await fakeFfmpeg(mark, `trap '' TERM INT HUP\nwhile :; do sleep 100; done`)
      const work = encodeClip(await everydayClip(), ['web-720p'], { jail, ffmpeg, limits: { stallMs: 300 } })
      assert.equal(await codeOf(work), 'encode-stalled')
      assert.deepEqual(await processesWith(mark), [])
    })
  }

  it('an ffmpeg that reports the same again and again is stalled', async () => {
    const ffmpeg = await fakeFfmpeg(
      'repeats',
      `while :; do printf 'frame=7\\nout_time_us=280000\\nprogress=continue\\n' >&2; sleep 0.05; done`,
    )
    const work = encodeClip(await everydayClip(), ['web-720p'], { ffmpeg, limits: { stallMs: 400 } })
    assert.equal(await codeOf(work), 'encode-stalled')
  })

  it('an ffmpeg that reports nothing but still writes its file is not stalled', async () => {
    const ffmpeg = await fakeFfmpeg(
      'quiet-writer',
      `for word; do case "$word" in *.mp4) last="$word";; esac; done\nfor i in 1 2 3 4 5 6; do echo $i >> "$last"; sleep 0.2; done\nexit 1`,
    )
    const work = encodeClip(await everydayClip(), ['web-720p'], { ffmpeg, limits: { stallMs: 500 } })
    assert.equal(await codeOf(work), 'encode-failed')
  })

  it('an encode beyond its time is stopped', async () => {
    const ffmpeg = await fakeFfmpeg(
      'endless',
      `i=0; while :; do i=$((i+1)); printf 'frame=%d\\nprogress=continue\\n' $i >&2; sleep 0.05; done`,
    )
    const work = encodeClip(await everydayClip(), ['web-720p'], { ffmpeg, limits: { encodeTimeoutMs: 500 } })
    assert.equal(await codeOf(work), 'encode-timeout')
  })

  it('a flood of messages neither fills memory nor hides the end', async () => {
    const ffmpeg = await fakeFfmpeg(
      'flood',
      `i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "[h264 @ 0x1] [error] error while decoding MB $i"; done >&2
echo "[error] av_interleaved_write_frame(): No space left on device" >&2\nexit 1`,
    )
    assert.equal(await codeOf(encodeClip(await everydayClip(), ['web-720p'], { ffmpeg })), 'disk-full')
  })

  it('a line without an end is a flood', async () => {
    const ffmpeg = await fakeFfmpeg('one-line', `head -c 3000000 /dev/zero | tr '\\0' x >&2; exec sleep 100`)
    assert.equal(await codeOf(encodeClip(await everydayClip(), ['web-720p'], { ffmpeg })), 'encode-failed')
  })

  it('the exit code 0 of an ffmpeg that did nothing proves nothing', async () => {
    const account = [
      'progress=end',
      '[verbose]   Input stream #0:0 (video): 25 packets read (1 bytes); 25 frames decoded; ',
      '[verbose]   Output stream #0:0 (video): 25 frames encoded; 25 packets muxed (1 bytes); ',
    ].join('\n')
    const lies = {
      'encode-failed': 'exit 0',
      'output-verification-failed': `echo '${account}' >&2; exit 0`,
    }
    for (const [code, script] of Object.entries(lies)) {
      const ffmpeg = await fakeFfmpeg(`lazy-${code}`, script)
      assert.equal(await codeOf(encodeClip(await everydayClip(), ['web-720p'], { ffmpeg })), code)
    }
  })
})
