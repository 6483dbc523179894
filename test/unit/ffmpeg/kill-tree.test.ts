import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { killTree } from '../../../services/worker/ffmpeg/kill-tree.ts'
import { skipOrFail } from '../../support/skip-or-fail.ts'

describe('killing what runs in a jail', () => {
  it('reaches a child in a group of its own, which would keep the pipes open', async function () {
    if (process.platform !== 'linux') skipOrFail(this, 'This is not Linux', 'Run the tests there, too.')
    // `exec` in the child, so that what says its pid is what sleeps.
    const child = spawn('sh', ['-c', `setsid sh -c 'echo $$; exec sleep 600' & wait`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const grandchild = Number(line.toString())
    const closed = once(child, 'close')
    killTree(child.pid)
    try {
      await Promise.race([
        closed,
        once(AbortSignal.timeout(5_000), 'abort').then(() => assert.fail('the pipe is still open')),
      ])
    } finally {
      killTree(grandchild)
    }
  })
})
