import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { JailKind } from '../../../services/worker/ffmpeg/jail.ts'
import { runTool } from '../../../services/worker/ffmpeg/run-tool.ts'
import { clipFolder } from '../../support/clips.ts'
import { openClipJail } from '../../support/encode-clip.ts'
import { fakeFfmpeg } from '../../support/fake-ffmpeg.ts'
import { requireTool } from '../../support/tools.ts'

describe('A short run of a tool', () => {
  before(function () {
    requireTool(this, 'bwrap', 'prlimit')
  })

  for (const jail of ['bwrap', 'none'] as const satisfies readonly JailKind[]) {
    async function open(script: string) {
      const input = path.join(clipFolder(), `short-${jail}`, 'movie')
      await mkdir(path.dirname(input), { recursive: true })
      await writeFile(input, 'a movie')
      return openClipJail(input, { jail, ffmpeg: await fakeFfmpeg(`short-${jail}`, script) })
    }

    it(`tells how the tool ended (jail ${jail})`, async () => {
      const { jail: opened } = await open('echo out; echo err >&2; exit 3')
      const result = await runTool(opened.ffmpegPath, [], { timeoutMs: 10_000 })
      assert.deepEqual([result.exitCode, result.stdout, result.stderr], [3, 'out\n', 'err\n'])
    })

    it(`gives the tool to the scheduler as batch work (jail ${jail})`, async function () {
      requireTool(this, 'chrt')
      const { jail: opened } = await open('chrt --pid $$')
      const result = await runTool(opened.ffmpegPath, [], { timeoutMs: 10_000 })
      assert.match(result.stdout, /SCHED_BATCH/, result.stderr)
    })

    it(`ends the tool when its time is over (jail ${jail})`, async () => {
      const { jail: opened } = await open('exec sleep 600')
      const result = await runTool(opened.ffmpegPath, [], { timeoutMs: 300 })
      assert.equal(result.timedOut, true)
    })
  }
})
