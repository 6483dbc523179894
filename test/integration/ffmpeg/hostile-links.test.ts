import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import path from 'node:path'
import { defaultLimits } from '../../../services/worker/ffmpeg/limits.ts'
import { probeArguments } from '../../../services/worker/ffmpeg/probe.ts'
import { runTool, type ToolResult } from '../../../services/worker/ffmpeg/run-tool.ts'
import { clipFolder, fastH264, makeClip, picture } from '../../support/clips.ts'
import { codeOf, encodeClip, openClipJail } from '../../support/encode-clip.ts'
import { requireTool } from '../../support/tools.ts'
import { hostile, runJailed, whitelists, withAllProtocols, without } from '../../support/unguarded.ts'

describe('Media that tries to reach out', () => {
  let server: Server
  let requests: string[] = []
  let origin = ''
  before(async function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
    server = createServer((request, response) => {
      requests.push(request.url ?? '')
      response.end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  })
  after(() => server.close())
  beforeEach(() => {
    requests = []
  })

  const lures: Readonly<Record<string, () => string>> = {
    'an HLS playlist': () =>
      `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${origin}/lure.ts\n#EXT-X-ENDLIST\n`,
    'a DASH manifest': () =>
      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>${origin}/lure.mp4</BaseURL><SegmentBase indexRange="0-1"/></Representation></AdaptationSet></Period></MPD>`,
  }

  for (const [what, content] of Object.entries(lures)) {
    it(`${what} fetches a URL when no guard is there, and each guard alone stops it`, async () => {
      const file = await hostile(`${what.replaceAll(' ', '-')}.mp4`, content())
      const guarded = probeArguments(defaultLimits, file)
      const bare = withAllProtocols(without(guarded, '-format_whitelist', '-codec_whitelist'))

      await runJailed('ffprobe', bare, file, { jail: 'none' })
      assert.ok(requests.length > 0, 'the attack is real')

      const alone = {
        'the jail': () => runJailed('ffprobe', bare, file),
        'the list of protocols': () =>
          runJailed('ffprobe', without(guarded, '-format_whitelist', '-codec_whitelist'), file, {
            jail: 'none',
          }),
        'the list of formats': () =>
          runJailed('ffprobe', withAllProtocols(without(guarded, '-codec_whitelist')), file, {
            jail: 'none',
          }),
        'the look at its first bytes': async () =>
          assert.equal(
            await codeOf(encodeClip(file, ['web-480p'], { jail: 'none' })),
            'input-format-not-allowed',
          ),
      }
      for (const [guard, attack] of Object.entries(alone)) {
        requests = []
        await attack()
        assert.deepEqual(requests, [], guard)
      }
    })
  }

  it('a playlist or script takes in other files when no guard is there, and each guard alone stops it', async () => {
    const other = path.join(clipFolder(), 'other-tenant', 'secret.mp4')
    await mkdir(path.dirname(other), { recursive: true })
    await makeClip('other-tenant/secret.mp4', [...picture('64x48', 0.4), ...fastH264])
    const file = await hostile(
      'reads.mp4',
      `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://${other}\n#EXT-X-ENDLIST\n`,
    )
    const sees = (result: ToolResult) => /"width": 64/.test(result.stdout)
    const guarded = probeArguments(defaultLimits, file)
    const bare = without(guarded, ...whitelists)
    assert.equal(sees(await runJailed('ffprobe', bare, file, { jail: 'none' })), true, 'the attack is real')
    // The other file is local, so the list of protocols lets it through: the list of formats and the jail do not.
    assert.equal(
      sees(await runJailed('ffprobe', without(guarded, '-protocol_whitelist'), file, { jail: 'none' })),
      false,
      'the list of formats',
    )
    const { jail } = await openClipJail(file)
    assert.equal(sees(await runTool(jail.ffprobePath, bare, { timeoutMs: 10_000 })), false, 'the jail')
  })

  it('a sequence of pictures is taken in by the name of a file when no guard is there', async () => {
    const dir = path.join(clipFolder(), 'sequence')
    await mkdir(dir, { recursive: true })
    for (const n of [1, 2, 3])
      await makeClip(`sequence/s${n}.png`, [...picture('64x48', 0.04), '-frames:v', '1'])
    const pattern = path.join(dir, 's%d.png')
    const guarded = probeArguments(defaultLimits, pattern)
    assert.match((await runJailed('ffprobe', without(guarded, ...whitelists), pattern)).stdout, /"width": 64/)
    assert.doesNotMatch((await runJailed('ffprobe', guarded, pattern)).stdout, /"width"/)
  })

  it('a decoder that nobody needs is run when no list forbids it', async () => {
    const file = await makeClip('hostile-magic.avi', [...picture('64x64', 0.2), '-c:v', 'magicyuv'])
    const guarded = probeArguments(defaultLimits, file)
    assert.match((await runJailed('ffprobe', without(guarded, '-codec_whitelist'), file)).stdout, /magicyuv/)
    assert.match((await runJailed('ffprobe', guarded, file)).stderr, /not on whitelist/)
  })
})
