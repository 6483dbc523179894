import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chooseDemoFolder, emptyDemoFolder } from '../../../scripts/demo/demo-folder.ts'
import { demoOptions } from '../../../scripts/demo/demo-options.ts'
import { checkOwnMovies } from '../../../scripts/demo/own-movies.ts'

describe('the folder of the demo', () => {
  let parent: string
  beforeEach(async () => {
    parent = await mkdtemp(path.join(tmpdir(), 'reelmill-demo-folder-'))
  })
  afterEach(() => rm(parent, { recursive: true, force: true }))

  it('is emptied when a demo made it', async () => {
    const folder = path.join(parent, 'demo')
    await emptyDemoFolder(folder)
    await writeFile(path.join(folder, 'movie.mp4'), 'of the last demo')
    await emptyDemoFolder(folder)
    assert.deepEqual(await readdir(folder), ['pid'])
  })

  it('is never emptied when it holds what no demo has made', async () => {
    const folder = path.join(parent, 'demo')
    await mkdir(folder)
    await writeFile(path.join(folder, 'thesis.txt'), 'years of work')
    await assert.rejects(emptyDemoFolder(folder), /holds something that no demo has made.*--out/)
    assert.deepEqual(await readdir(folder), ['thesis.txt'])
  })

  it('is another one while a running demo uses the usual one', async () => {
    const usual = await chooseDemoFolder(parent)
    await emptyDemoFolder(usual)
    assert.equal(usual, path.join(parent, 'demo'))
    assert.equal(await chooseDemoFolder(parent), path.join(parent, `demo-${process.pid}`))
  })

  it('does not take a movie that it would empty away, one that is not there, or a folder', async () => {
    const folder = path.join(parent, 'demo')
    await emptyDemoFolder(folder)
    const last = path.join(folder, 'last.mp4')
    const beside = path.join(parent, 'movie.mp4')
    await Promise.all([last, beside].map((file) => writeFile(file, 'a movie')))
    await checkOwnMovies([beside], folder)
    await assert.rejects(checkOwnMovies([beside, last], folder), /last\.mp4 is in .* empties first/)
    await assert.rejects(checkOwnMovies([`${beside}x`], folder), /There is no movie .*movie\.mp4x\. Check/)
    await assert.rejects(checkOwnMovies([parent], folder), /is not a file\. Name a movie/)
  })

  it('is not even chosen when somebody asks for help', () => {
    assert.equal(demoOptions(['--help'], parent), 'help')
  })

  it('is not touched for a preset that there is not, or that is asked for twice', () => {
    assert.throws(
      () => demoOptions(['--preset', 'web-8k'], parent),
      /no preset web-8k\. There are: web-1080p/,
    )
    const twice = ['--preset', 'web-480p', '--preset', 'web-480p@1']
    assert.throws(() => demoOptions(twice, parent), /web-480p is asked for twice/)
  })

  it('is not touched when npm has kept an option for itself', () => {
    // `npm run demo --keep` without the `--`.
    assert.throws(
      () => demoOptions([], parent, { npm_config_keep: 'true' }),
      /npm took --keep .* Put -- before it[\s\S]*npm run demo -- /,
    )
  })
})
