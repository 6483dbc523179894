import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { silentLog } from '#shared/log.ts'
import { claimWorkspace } from '../../../services/worker/claim-workspace.ts'

const claims = `
import { claimWorkspace } from './services/worker/claim-workspace.ts'
import { silentLog } from './shared/log.ts'
process.stdout.write((await claimWorkspace(process.argv[1], silentLog)).dir)
setInterval(() => {}, 1000)`

describe('the workspace of a worker process', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'reelmill-claim-'))
  })
  afterEach(() => rm(root, { recursive: true }))

  it('is its own among several, and leaves nothing when it is released', async () => {
    const one = await claimWorkspace(root, silentLog)
    await writeFile(path.join(one.dir, 'movie'), 'bytes')
    const other = await claimWorkspace(root, silentLog)
    assert.notEqual(one.dir, other.dir)
    assert.deepEqual(await readdir(one.dir), ['movie'])
    await one.release()
    await other.release()
    assert.deepEqual(await readdir(root), [])
  })

  it('stays while its process lives, and goes with the next claim when that was killed', async () => {
    const args = ['--input-type=module-typescript', '--eval', claims, root]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    const [printed] = await once(child.stdout, 'data')
    const name = path.basename(String(printed))
    try {
      await writeFile(path.join(root, name, 'movie'), 'bytes')
      await (await claimWorkspace(root, silentLog)).release()
      assert.ok((await readdir(root)).includes(name), 'it lives')
    } finally {
      child.kill('SIGKILL')
      await exited
    }
    await (await claimWorkspace(root, silentLog)).release()
    assert.deepEqual(await readdir(root), [])
  })

  it('stays when its lock was taken for an old temporary file and removed', async () => {
    const one = await claimWorkspace(root, silentLog)
    await writeFile(path.join(one.dir, 'movie'), 'bytes')
    await rm(`${one.dir}.lock`)
    await (await claimWorkspace(root, silentLog)).release()
    assert.deepEqual(await readdir(one.dir), ['movie'])
    await one.release()
    assert.deepEqual(await readdir(root), [])
  })

  it('leaves alone what is not its own', async () => {
    await writeFile(path.join(root, 'notes.txt'), 'mine')
    await (await claimWorkspace(root, silentLog)).release()
    assert.deepEqual(await readdir(root), ['notes.txt'])
  })

  it('says what to do where no file can be locked', async () => {
    await assert.rejects(claimWorkspace('/proc', silentLog), /REELMILL_WORKSPACE/)
  })
})
