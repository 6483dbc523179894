import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { newId } from '#shared/ids.ts'
import { openHintKey, workerKey } from '#shared/jobs/keys.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import { type FaultBench, startFaultBench } from '../support/fault-bench.ts'
import { requireTool } from '../support/tools.ts'

describe('what a fault leaves behind', function () {
  this.timeout(60_000)
  let bench: FaultBench
  before(async function () {
    requireTool(this, 'ffmpeg', 'bwrap', 'prlimit')
    bench = await startFaultBench()
  })
  after(() => bench?.[Symbol.asyncDispose]())

  it('is found by the tests, whatever it is', async () => {
    const { media, store } = bench.stores
    const jobId = newId('job', Date.now())
    const key = `out/default/${jobId}/main/1/web-480p/movie.mp4`
    await bench.nothingIsLeft()

    const child = spawn('sh', ['-c', 'read line', bench.dataFolder], { stdio: ['pipe', 'ignore', 'ignore'] })
    const ended = once(child, 'exit')
    const folder = path.join(bench.dataFolder, 'fleet/reelmill/workspaces/wrk_gone')
    await mkdir(folder, { recursive: true })
    await store.putHint(openHintKey('default', jobId))
    await store.create<WorkerRecord>(workerKey('wrk_busy'), busyWorker(jobId))
    await media.write(key, Buffer.from('half'))
    const uploadId = await media.beginMultipart(key)
    await assert.rejects(bench.nothingIsLeft(300), ({ message }: Error) => {
      for (const left of [
        `process ${child.pid}`,
        'workspace wrk_gone',
        'hint x/open/default/',
        `lease of wrk_busy on ${jobId}`,
        `object ${key}`,
        `multipart upload of ${key}`,
      ]) {
        assert.ok(message.includes(left), `${left} is not in ${message}`)
      }
      return true
    })

    child.stdin?.end()
    await ended
    await rm(folder, { recursive: true })
    await store.delete(openHintKey('default', jobId))
    await store.delete(workerKey('wrk_busy'))
    await media.abortMultipart(key, uploadId)
    await media.delete([key])
    await bench.nothingIsLeft()
  })
})

/** The record of a static worker that lives, as this process does. */
function busyWorker(job: string): WorkerRecord {
  const at = new Date().toISOString()
  return {
    ...{ kind: 'worker', version: 1, id: 'wrk_busy', bootId: 'boot', static: true, state: 'busy', seq: 1 },
    ...{ startedAt: at, heartbeatAt: at, host: 'here', pid: process.pid, job, leaseId: 'lea_1' },
  }
}
