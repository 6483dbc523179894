import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import type { JailKind } from '../../../services/worker/ffmpeg/jail.ts'
import { runTool } from '../../../services/worker/ffmpeg/run-tool.ts'
import { clipFolder } from '../../support/clips.ts'
import { openClipJail } from '../../support/encode-clip.ts'
import { fakeFfmpeg } from '../../support/fake-ffmpeg.ts'
import { requireTool } from '../../support/tools.ts'

/**
 * What a decoder with a hole would be made to do, as a script in the place of ffmpeg. Each deed that works prints its
 * name. `$1` is the folder to write to, `$2` another tenant's file, `$3` a port on loopback, `$4` the input.
 */
const deeds = `
cat /etc/passwd >/dev/null 2>&1 && echo reads-passwords
cat "$2" >/dev/null 2>&1 && echo reads-other-tenants
(exec 3<>/dev/tcp/127.0.0.1/"$3") 2>/dev/null && echo opens-connections
[ -n "$REELMILL_TEST_SECRET" ] && echo sees-environment
[ "$(ls /proc 2>/dev/null | grep -c '^[0-9]')" -gt 5 ] && echo sees-processes
echo x 2>/dev/null >> "$4" && echo changes-input
echo x 2>/dev/null >> "$0" && echo changes-programs
echo x 2>/dev/null > "$(dirname "$1")/jail/ffprobe" && echo changes-jail
ls "$HOME" /home /root >/dev/null 2>&1 && echo sees-homes
touch /usr/reelmill-test 2>/dev/null && rm /usr/reelmill-test && echo changes-system
echo x > "$1/own" && echo writes-output
exit 0`

describe('A hijacked ffmpeg', () => {
  before(function () {
    requireTool(this, 'bwrap', 'prlimit')
  })

  async function deedsIn(jail: JailKind): Promise<readonly string[]> {
    const dir = path.join(clipFolder(), `hijack-${jail}`)
    const input = path.join(dir, 'input', 'movie')
    const other = path.join(dir, 'other-tenant', 'movie')
    for (const file of [input, other]) {
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, 'a movie')
    }
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    process.env.REELMILL_TEST_SECRET = 'a credential'
    try {
      const ffmpeg = await fakeFfmpeg(
        `hijacked-${jail}`,
        `exec bash -c '${deeds.replaceAll("'", `'\\''`)}' "$0" "$@"`,
      )
      const { jail: opened, outputDir } = await openClipJail(input, { jail, ffmpeg })
      const result = await runTool(opened.ffmpegPath, [outputDir, other, port, input], { timeoutMs: 10_000 })
      assert.equal(result.exitCode, 0, result.stderr)
      return result.stdout.trim().split('\n').sort()
    } finally {
      delete process.env.REELMILL_TEST_SECRET
      server.close()
    }
  }

  it('in bwrap can do nothing but write its output', async () => {
    assert.deepEqual(await deedsIn('bwrap'), ['writes-output'])
  })

  it('without the jail can do what its user can: the deeds are real', async () => {
    const done = await deedsIn('none')
    for (const deed of [
      'reads-passwords',
      'reads-other-tenants',
      'opens-connections',
      'sees-environment',
      'sees-processes',
      'changes-input',
      'changes-jail',
    ]) {
      assert.ok(done.includes(deed), `${deed} is not in ${done}`)
    }
  })

  it('cannot outlive the worker that started it', async () => {
    const ffmpeg = await fakeFfmpeg(
      'outlives',
      `(trap '' HUP TERM; sleep 1; echo late > "$1/late") & sleep 100`,
    )
    const input = path.join(clipFolder(), 'outlives-input', 'movie')
    await mkdir(path.dirname(input), { recursive: true })
    await writeFile(input, 'a movie')
    const { jail, outputDir } = await openClipJail(input, { ffmpeg })
    const result = await runTool(jail.ffmpegPath, [outputDir], { timeoutMs: 300 })
    assert.equal(result.timedOut, true)
    // The whole of it is gone when runTool settles, so nothing comes late.
    await assert.rejects(readFile(path.join(outputDir, 'late')), { code: 'ENOENT' })
  })
})
