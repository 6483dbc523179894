import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate as soon } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { makeClip } from '../../scripts/demo/make-clip.ts'
import { processesAbout } from '../support/process-table.ts'
import { requireTool } from '../support/tools.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('npm run demo', function () {
  this.timeout(120_000)
  this.slow(30_000)
  let folder: string
  let clip: string
  const demos: { readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = []

  before(async function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-demo-'))
    clip = path.join(folder, 'movie.mp4')
    await makeClip(clip, { width: 320, height: 180, framesPerSecond: 20, durationSec: 2 })
  })
  // Of a test that failed; what the demo started ends with it, as one of the tests shows.
  afterEach(async () => {
    for (const { child, ended } of demos.splice(0)) {
      child.kill('SIGKILL')
      await ended
    }
    while ((await left()).length > 0) await soon()
  })
  after(async () => {
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  it('encodes a movie by REST and by SOAP, shows where the outputs are, and leaves no process behind', async () => {
    const { code, stdout } = await demo(['--file', clip, '--preset', 'web-480p', '--preset', 'poster-jpg'])
      .ended
    assert.equal(code, 0, stdout)
    for (const door of ['REST', 'SOAP']) {
      const [, job, outputs] =
        new RegExp(`^By ${door}, movie\\.mp4 as job (job_\\w+):\\n((?: .*\\n)+)`, 'm').exec(stdout) ?? []
      assert.match(stdout, new RegExp(`^  ${door}  movie\\.mp4  succeeded  100%`, 'm'))
      assert.match(outputs ?? '', /^ {2}web-480p +320x180 h264 \+ aac +2\.\d\d s .* checked/m)
      assert.match(outputs ?? '', /^ {2}poster-jpg +320x180 mjpeg .* checked/m)
      assert.match(
        outputs ?? '',
        new RegExp(
          `^ +http://127\\.0\\.0\\.1:\\d+/v1/jobs/${job}/outputs/web-480p/files/web-480p\\.mp4$`,
          'm',
        ),
      )
      const file = path.join(folder, 'demo', door.toLowerCase(), 'movie/web-480p/web-480p.mp4')
      assert.ok((await stat(file)).size > 0)
    }
    assert.match(stdout, /Reelmill took [\d.]+ s .* both jobs/)
    assert.match(stdout, /Bare ffmpeg, .* took [\d.]+ s .*\nReelmill took [\d.]+ times that/)
    assert.match(stdout, /The key of this data folder: rmk_/)
    assert.match(stdout, /http:\/\/127\.0\.0\.1:\d+\/soap\?wsdl\n/)
    assert.equal(stdout.match(/^ {2}curl /gm)?.length, 4)
    assert.deepEqual(await left(), [])
  })

  it('fails with the reason when a job does', async () => {
    const text = path.join(folder, 'letter.mp4')
    await writeFile(text, 'Dear movie,\n'.repeat(1000))
    const { code, stderr } = await demo(['--file', text, '--preset', 'web-480p']).ended
    assert.equal(code, 1)
    assert.match(stderr, /The job job_\w+ of letter\.mp4 is failed: /)
    assert.deepEqual(await left(), [])
  })

  it('stops everything at Ctrl-C, in the middle of a job, too', async () => {
    const { child, said, ended } = demo(['--file', clip, '--preset', 'web-480p'])
    await said('movie.mp4  uploading')
    child.kill('SIGINT')
    assert.equal((await ended).code, 130)
    assert.deepEqual(await left(), [])
  })

  it('is cleaned up after when it is killed', async () => {
    const { child, said, ended } = demo(['--file', clip, '--preset', 'web-480p', '--keep'])
    await said('until Ctrl-C')
    child.kill('SIGKILL')
    await ended
    while ((await left()).length > 0) await soon()
  })

  it('says what it understands when it is asked for something else', async () => {
    const { code, stderr } = await demo(['--flie', clip]).ended
    assert.equal(code, 1)
    assert.match(stderr, /--flie[\s\S]*npm run demo -- \[--file movie\.mov/)
  })

  function demo(args: readonly string[]) {
    const script = path.join(root, 'scripts/demo/demo.ts')
    const child = spawn(process.execPath, [script, '--out', folder, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const texts = { stdout: '', stderr: '' }
    const saying = collect(child, texts)
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...texts }))
    demos.push({ child, ended })
    return { child, said: (words: string) => saying.until(words), ended }
  }

  /** Command lines of the processes that were started for `folder`. */
  async function left(): Promise<string[]> {
    return (await processesAbout(folder)).map(({ command }) => command)
  }
})

/** Keeps what a process says, and tells when it has said something or ended without it. */
function collect(child: ChildProcess, texts: { stdout: string; stderr: string }) {
  const waiting: { words: string; resolve: () => void; reject: (error: Error) => void }[] = []
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk
      for (const { words, resolve } of waiting) if (texts.stdout.includes(words)) resolve()
    })
  child.once('close', () => {
    for (const { words, reject } of waiting)
      reject(new Error(`ended without "${words}":\n${texts.stdout}\n${texts.stderr}`))
  })
  return {
    until: (words: string) =>
      new Promise<void>((resolve, reject) => waiting.push({ words, resolve, reject })),
  }
}
