import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { argvOf } from '../../../services/worker/ffmpeg/command.ts'
import { decodeCommand } from '../../../services/worker/ffmpeg/decode-output.ts'
import { inputGuards } from '../../../services/worker/ffmpeg/guards.ts'
import { defaultLimits } from '../../../services/worker/ffmpeg/limits.ts'
import { probeArguments } from '../../../services/worker/ffmpeg/probe.ts'
import { clipFolder, makeClip, picture, tone } from '../../support/clips.ts'
import { codeOf, encodeClip } from '../../support/encode-clip.ts'
import { movWithReference } from '../../support/mov-with-reference.ts'
import { requireTool } from '../../support/tools.ts'
import { hostile, runJailed, whitelists, withAllProtocols, without } from '../../support/unguarded.ts'

describe('Media that refers to something else', function () {
  this.timeout(60_000)

  before(function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
  })

  /** Runs a tool in a jail of the given kind, of which the real one holds this file's folder alone. */
  async function run(
    tool: 'ffmpeg' | 'ffprobe',
    argv: readonly string[],
    file: string,
    options: { jail: 'bwrap' | 'none'; timeoutMs?: number },
  ) {
    const outputDir = path.join(clipFolder(), 'own')
    await mkdir(outputDir, { recursive: true })
    return runJailed(tool, argv, file, { ...options, outputDir })
  }

  async function secret(name: string, content: string | Buffer): Promise<string> {
    const file = path.join(clipFolder(), 'another-tenant', name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, content)
    return file
  }

  describe('by a data reference in a MOV', () => {
    /** The samples of its sound, byte by byte, as an output would hold them. */
    const samples = (file: string, options: readonly string[]) => [
      ...['-nostdin', '-v', 'error', ...inputGuards(defaultLimits), ...options],
      ...['-i', file, '-c:a', 'pcm_u8', '-f', 'u8', '-'],
    ]
    // ffmpeg follows references only when both are on, and they are off.
    const following = ['-enable_drefs', '1', '-use_absolute_path', '1']

    async function lure(): Promise<string> {
      const target = await secret('passwords', 'root:x:0:0:the keys of everything\n'.repeat(100))
      const sound = await makeClip('reference.mov', [...tone(0.1), '-ar', '8000', '-c:a', 'pcm_u8'])
      return hostile('reference.mov', movWithReference(await readFile(sound), target))
    }

    it('another file becomes sound when ffmpeg follows it, and its default and the jail each stop that', async () => {
      const file = await lure()
      const reads = async (options: readonly string[], jail: 'bwrap' | 'none') =>
        (await run('ffmpeg', samples(file, options), file, { jail })).stdout.includes('the keys of')
      assert.equal(await reads(following, 'none'), true, 'the attack is real')
      assert.equal(await reads([], 'none'), false, "ffmpeg's default")
      assert.equal(await reads(following, 'bwrap'), false, 'the jail')
    })

    it('nothing of ours turns that on', () => {
      for (const argv of [
        inputGuards(defaultLimits),
        probeArguments(defaultLimits, '/in'),
        argvOf(decodeCommand('/in', defaultLimits)),
      ]) {
        assert.ok(!argv.some((word) => /dref|absolute_path/.test(word)))
      }
    })

    it('the job fails, since its media is not there', async () => {
      assert.equal(await codeOf(encodeClip(await lure(), ['audio-m4a'])), 'input-damaged')
    })
  })

  describe('by the description of a network session (SDP)', () => {
    const PATIENCE_MS = 4_000
    const LOOK_MS = 5

    async function lure(): Promise<{ readonly file: string; readonly port: number }> {
      const socket = createSocket('udp4').bind(0, '127.0.0.1')
      await once(socket, 'listening')
      const { port } = socket.address()
      socket.close()
      await once(socket, 'close')
      const lines = ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0']
      const text = [...lines, `m=audio ${port} RTP/AVP 0`, ''].join('\r\n')
      return { file: await hostile('session.mp4', text), port }
    }

    /**
     * Whether somebody listens to a port of ours before `ended`. As the kernel lists it: to try the port would take it,
     * and now and then from the very attack that is to be seen.
     */
    async function isTaken(port: number, ended: AbortSignal): Promise<boolean> {
      const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
      while (!ended.aborted) {
        for (const table of ['/proc/net/udp', '/proc/net/udp6']) {
          const sockets = (await readFile(table, 'utf8')).split('\n')
          if (sockets.some((line) => line.trim().split(/\s+/)[1]?.endsWith(local))) return true
        }
        await setTimeout(LOOK_MS)
      }
      return false
    }

    async function opens(argv: readonly string[], file: string, port: number, jail: 'bwrap' | 'none') {
      const ended = new AbortController()
      const taken = isTaken(port, ended.signal)
      const result = await run('ffprobe', argv, file, { jail, timeoutMs: PATIENCE_MS })
      ended.abort()
      return { taken: await taken, waits: result.timedOut }
    }

    it('listens to the network when no guard is there, and each guard alone stops it', async () => {
      const { file, port } = await lure()
      const guarded = probeArguments(defaultLimits, file)
      const bare = withAllProtocols(without(guarded, '-format_whitelist', '-codec_whitelist'))
      assert.deepEqual(
        await opens(bare, file, port, 'none'),
        { taken: true, waits: true },
        'the attack is real',
      )
      assert.equal((await opens(bare, file, port, 'bwrap')).taken, false, 'the jail')
      for (const [guard, argv] of Object.entries({
        'the list of formats': withAllProtocols(without(guarded, '-codec_whitelist')),
        'the list of protocols': without(guarded, '-format_whitelist', '-codec_whitelist'),
      })) {
        assert.deepEqual(await opens(argv, file, port, 'none'), { taken: false, waits: false }, guard)
      }
    })

    it('waits in the jail for what never comes when only its time bounds it', async () => {
      const { file, port } = await lure()
      const guarded = probeArguments(defaultLimits, file)
      const bare = withAllProtocols(without(guarded, '-format_whitelist', '-codec_whitelist'))
      assert.equal((await opens(bare, file, port, 'bwrap')).waits, true)
    })

    it('is refused by its first bytes', async () => {
      const { file } = await lure()
      assert.match(await codeOf(encodeClip(file, ['web-480p'])), /^input-(not-media|format-not-allowed)$/)
    })
  })

  describe('by the index of subtitles that lie beside it', () => {
    it('opens the other file when no list of formats is there', async () => {
      const dir = path.join(clipFolder(), 'subtitles')
      await mkdir(dir, { recursive: true })
      const program = await makeClip('subtitles.mpg', [...picture('64x64', 0.2), '-c:v', 'mpeg1video'])
      await copyFile(program, path.join(dir, 'index.sub'))
      const file = path.join(dir, 'index.idx')
      await writeFile(
        file,
        '# VobSub index file, v7\nid: en, index: 0\ntimestamp: 00:00:00:000, filepos: 000000000\n',
      )
      const guarded = probeArguments(defaultLimits, file)
      const reads = async (argv: readonly string[]) =>
        /dvd_subtitle/.test((await run('ffprobe', argv, file, { jail: 'bwrap' })).stdout)
      assert.equal(await reads(without(guarded, ...whitelists)), true, 'the attack is real')
      assert.equal(await reads(without(guarded, '-protocol_whitelist', '-codec_whitelist')), false)
      assert.match(await codeOf(encodeClip(file, ['web-480p'])), /^input-(not-media|format-not-allowed)$/)
    })
  })

  describe('by a script that names a sequence of pictures', () => {
    it('takes them in when no guard is there, and each guard alone stops it', async () => {
      const dir = path.join(clipFolder(), 'another-tenant')
      await mkdir(dir, { recursive: true })
      for (const n of [1, 2, 3])
        await makeClip(`another-tenant/p${n}.png`, [...picture('64x48', 0.04), '-frames:v', '1'])
      const file = await hostile(
        'sequence.mp4',
        `ffconcat version 1.0\nfile '${path.join(dir, 'p%d.png')}'\n`,
      )
      const guarded = probeArguments(defaultLimits, file)
      const unsafe = ['-safe', '0']
      const bare = [...unsafe, ...without(guarded, ...whitelists)]
      const reads = async (argv: readonly string[], jail: 'bwrap' | 'none') =>
        /"width": 64/.test((await run('ffprobe', argv, file, { jail })).stdout)
      assert.equal(await reads(bare, 'none'), true, 'the attack is real')
      assert.equal(await reads(bare.slice(unsafe.length), 'none'), false, "ffmpeg's default")
      assert.equal(await reads(bare, 'bwrap'), false, 'the jail')
      const listed = [...unsafe, ...without(guarded, '-protocol_whitelist', '-codec_whitelist')]
      assert.equal(await reads(listed, 'none'), false, 'the list of formats')
      assert.equal(await codeOf(encodeClip(file, ['web-480p'])), 'input-format-not-allowed')
    })
  })
})
