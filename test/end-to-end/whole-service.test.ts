import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { everydayClip } from '../support/clips.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'
import { requireTool } from '../support/tools.ts'

const run = promisify(execFile)

describe('the whole service, as processes', function () {
  this.timeout(120_000)
  let stack: TestStack
  let folder: string
  before(async function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-e2e-'))
    stack = await startTestStack()
  })
  after(async () => {
    await stack?.[Symbol.asyncDispose]()
    if (folder) await rm(folder, { recursive: true })
  })

  it('takes a movie in and gives encoded movies out', async () => {
    const upload = await stack.api.upload(await everydayClip())
    const submitted = await stack.api.submit(upload.id, ['web-480p', 'audio-m4a', 'poster-jpg'])
    const seen = new Set<string>()
    const job = await stack.api.follow(submitted.id, ({ status }) => seen.add(status))
    assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
    assert.ok(seen.has('succeeded'))
    assert.deepEqual(
      job.outputs.map(({ name, status }) => [name, status]),
      [
        ['web-480p', 'succeeded'],
        ['audio-m4a', 'succeeded'],
        ['poster-jpg', 'succeeded'],
      ],
    )
    for (const output of job.outputs) {
      const [file] = output.files
      assert.ok(file)
      const target = path.join(folder, path.basename(file.path))
      await stack.api.download(file, target)
      const bytes = await readFile(target)
      assert.equal(bytes.length, file.sizeBytes)
      assert.equal(createHash('sha256').update(bytes).digest('hex'), file.sha256)
    }
    const { stdout } = await run('ffprobe', [
      ...['-v', 'error', '-show_entries', 'stream=codec_name,width,height', '-of', 'json'],
      path.join(folder, 'web-480p.mp4'),
    ])
    const { streams } = JSON.parse(stdout) as { streams: object[] }
    // Never upscaled: the clip is 320x180.
    assert.deepEqual(streams, [{ codec_name: 'h264', width: 320, height: 180 }, { codec_name: 'aac' }])
  })

  it('closes the job behind itself and leaves nothing in its workspace', async () => {
    const upload = await stack.api.upload(await everydayClip())
    const job = await stack.api.follow((await stack.api.submit(upload.id, ['poster-jpg'])).id)
    assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
    await stack.until('no open hint is left', async () => (await stack.openHints()).length === 0)
    const outputs = (await stack.mediaKeys()).filter((key) => key.includes(job.id))
    assert.deepEqual(
      outputs.map((key) => key.split('/').slice(3).join('/')),
      ['main/1/manifest.json', 'main/1/poster-jpg/poster-jpg.jpg'],
    )
  })

  it('fails a text file that calls itself a movie, with a code and a sentence', async () => {
    const upload = await stack.api.upload(path.resolve('package.json'))
    const job = await stack.api.follow((await stack.api.submit(upload.id, ['web-480p'])).id)
    assert.equal(job.status, 'failed')
    assert.equal(job.error?.code, 'input-not-media')
    assert.equal(job.attempts?.length, 1, 'trying again cannot help')
  })

  it('loses nothing when everything is stopped and started again', async () => {
    const upload = await stack.api.upload(await everydayClip())
    const before = await stack.api.follow((await stack.api.submit(upload.id, ['poster-jpg'])).id)
    await stack.service('master').stop(15_000)
    const queued = await stack.api.submit(upload.id, ['poster-jpg'])
    await stack.service('frontend').stop(15_000)
    await stack.service('localcloud').stop(15_000)
    await stack.start('localcloud')
    await stack.start('frontend')
    await stack.start('master')
    const after = await stack.api.follow(queued.id)
    assert.equal(after.status, 'succeeded', JSON.stringify(after.error))
    const again = await stack.api.follow(before.id)
    assert.deepEqual(again.outputs, before.outputs)
  })
})
