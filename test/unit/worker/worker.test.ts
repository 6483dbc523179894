import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ReelmillError } from '#shared/errors.ts'
import { FLEET_KEY, workerKey } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import { defaultRetryPolicy, transition } from '#shared/jobs/transition.ts'
import { silentLog } from '#shared/log.ts'
import type { Found } from '#shared/state/state-store.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import type { EncodeRequest, EncodeResult, Engine } from '../../../services/worker/engine.ts'
import { Registration } from '../../../services/worker/registration.ts'
import { runWorker, type WorkerContext } from '../../../services/worker/run-worker.ts'
import { jobBench } from '../../support/job-bench.ts'

const SHA = 'ab'.repeat(32)

/** An engine that waits to be told how each encode ends. */
function handDrivenEngine() {
  interface Encode {
    readonly request: EncodeRequest
    /** Has written its movie, which is yet to be verified. */
    written(): Promise<void>
    finish(): Promise<void>
    fail(error: Error): void
  }
  const started: Encode[] = []
  let announce = Promise.withResolvers<void>()
  const engine: Engine = (request) => {
    const { promise, resolve, reject } = Promise.withResolvers<EncodeResult>()
    request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true })
    const localPath = path.join(request.outputDir, 'movie.mp4')
    const file = { path: 'movie.mp4', role: 'main', sizeBytes: 5, localPath }
    const written = async () => {
      await writeFile(localPath, 'movie')
      request.onWritten('web-720p', file)
    }
    const finish = async () => {
      await writeFile(localPath, 'movie')
      resolve({
        detected: { container: 'mp4', sizeBytes: 5, streams: [] },
        outputs: [{ name: 'web-720p', status: 'succeeded', streams: [], files: [file], checks: [] }],
        warnings: [],
        encodeSec: 1,
        verifySec: 0.1,
      })
    }
    started.push({ request, written, finish, fail: reject })
    announce.resolve()
    return promise
  }
  return {
    engine,
    async next() {
      while (started.length === 0) {
        await announce.promise
        announce = Promise.withResolvers<void>()
      }
      const encode = started.shift()
      assert.ok(encode)
      return encode
    },
  }
}

async function workerBench(more: Partial<WorkerContext> = {}) {
  const bench = jobBench()
  const { engine, next } = handDrivenEngine()
  const workspaceRoot = await mkdtemp(path.join(tmpdir(), 'reelmill-test-'))
  const registration = await Registration.create(bench, {
    id: 'wrk_1',
    bootId: 'boot-1',
    static: false,
    host: 'here',
    pid: 1,
    jail: 'none',
    release: 'test',
  })
  const interrupted = new AbortController()
  const ended = runWorker({
    ...bench,
    log: silentLog,
    policy: defaultRetryPolicy,
    registration,
    engine,
    workspaceRoot,
    workspaceQuotaBytes: 1e9,
    interrupted: interrupted.signal,
    openBucket: () => bench.media,
    ...more,
  })
  return {
    ...bench,
    registration,
    nextEncode: next,
    interrupt: () => interrupted.abort('SIGTERM'),
    ended,
    async ring(job: Found<JobRecord>) {
      await bench.queue.send({ version: 1, jobId: job.value.id, task: 'main' })
    },
    async addReadyJob(over: Partial<JobRecord> = {}) {
      const job = await bench.addJob(over)
      await bench.media.write('in/acme/upl_1/a', Buffer.from('the input'))
      await bench.queue.send({ version: 1, jobId: job.value.id, task: 'main' })
      return job
    },
    async worker() {
      const found = await bench.store.get<WorkerRecord>(workerKey('wrk_1'))
      assert.ok(found)
      return found
    },
    /** Lets virtual time and real I/O go by until `look` finds what is wanted. */
    async until<T>(look: () => Promise<T>, wanted: (value: T) => boolean): Promise<T> {
      for (let i = 0; i < 1000; i++) {
        const value = await look()
        if (wanted(value)) return value
        await bench.clock.advance(100)
        await new Promise((resolve) => setTimeout(resolve, 1)) // files are real here, and take real time
      }
      throw new Error(`it never came to that: ${JSON.stringify(await look())}`)
    },
    async stop() {
      interrupted.abort('SIGTERM')
      await ended
      const left = await readdir(workspaceRoot)
      await rm(workspaceRoot, { recursive: true })
      assert.deepEqual(left, [], 'no workspace is left')
    },
  }
}

describe('a worker', () => {
  let bench: Awaited<ReturnType<typeof workerBench>>
  beforeEach(async () => {
    bench = await workerBench()
  })
  afterEach(() => bench.stop())

  it('runs a job: busy before running, uploaded before succeeded, settled before idle', async () => {
    const job = await bench.addReadyJob()
    const encode = await bench.nextEncode()
    const running = await bench.job(job)
    const busy = await bench.worker()
    assert.equal(running.status, 'running')
    assert.equal(busy.value.state, 'busy')
    assert.equal(busy.value.leaseId, running.lease?.id)
    assert.deepEqual(await bench.bells(), [], 'the bell is deleted as soon as the record is ours')
    await encode.finish()
    const after = await bench.until(
      () => bench.job(job),
      ({ status }) => status === 'succeeded',
    )
    assert.equal(after.result?.fence, 1)
    assert.equal(after.result?.leaseId, running.lease?.id)
    assert.deepEqual(
      bench.media.keys.filter((key) => key.startsWith('out/')),
      [`out/acme/${job.value.id}/main/1/manifest.json`, `out/acme/${job.value.id}/main/1/web-720p/movie.mp4`],
    )
    const sha256 = createHash('sha256').update('movie').digest('hex')
    assert.equal(after.result?.outputs[0]?.files[0]?.sha256, sha256, 'the digest of what was uploaded')
  })

  it('takes the next job when it has settled one', async () => {
    const first = await bench.addReadyJob()
    await (await bench.nextEncode()).finish()
    await bench.until(
      () => bench.job(first),
      ({ status }) => status === 'succeeded',
    )
    const second = await bench.addReadyJob()
    await (await bench.nextEncode()).finish()
    await bench.until(
      () => bench.job(second),
      ({ status }) => status === 'succeeded',
    )
  })

  it('settles a job before it removes its files, for which a client need not wait', async () => {
    const job = await bench.addReadyJob()
    const encode = await bench.nextEncode()
    const swap = bench.store.swap.bind(bench.store)
    const there: boolean[] = []
    bench.store.swap = async (found, ...how) => {
      if (found.key === job.key) there.push(existsSync(encode.request.inputPath))
      return await swap(found, ...how)
    }
    await encode.finish()
    await bench.until(
      async () => existsSync(encode.request.inputPath),
      (isThere) => !isThere,
    )
    assert.deepEqual(there, [true])
    assert.equal((await bench.job(job)).status, 'succeeded')
  })

  it('drops a bell whose job is not queued', async () => {
    const job = await bench.addJob({ status: 'canceled' })
    await bench.ring(job)
    const real = await bench.addReadyJob()
    await (await bench.nextEncode()).finish()
    await bench.until(
      () => bench.job(real),
      ({ status }) => status === 'succeeded',
    )
    assert.deepEqual(await bench.bells(), [])
  })

  it('says in its heartbeat how far it is', async () => {
    await bench.addReadyJob()
    const { request } = await bench.nextEncode()
    request.onProgress({ phase: 'encode', ratio: 0.5 })
    await bench.clock.advance(bench.times.heartbeatMs)
    assert.deepEqual((await bench.worker()).value.progress, { phase: 'encode', ratio: 0.5 })
  })

  it('stops within seconds when the client cancels, and leaves nothing', async () => {
    const job = await bench.addReadyJob()
    await bench.nextEncode()
    const running = await bench.store.get<JobRecord>(job.key)
    assert.ok(running)
    await bench.store.swap<JobRecord>(
      running,
      (value) => transition(value, { type: 'cancel', at: bench.clock.now(), expiresAt: 0 }),
      () => false,
    )
    await bench.clock.advance(5_000)
    const after = await bench.until(
      () => bench.job(job),
      ({ status }) => status === 'canceled',
    )
    assert.equal(after.attempts[0]?.outcome, 'canceled')
    assert.deepEqual(
      bench.media.keys.filter((key) => key.startsWith('out/')),
      [],
    )
  })

  it('queues a failure again and rings, then fails it', async () => {
    const job = await bench.addReadyJob()
    for (let attempt = 1; attempt <= 2; attempt++) {
      const encode = await bench.nextEncode()
      encode.fail(new ReelmillError('encode-failed', 'ffmpeg exited with 1.', { facts: { stderr: 'oops' } }))
    }
    const after = await bench.until(
      () => bench.job(job),
      ({ status }) => status === 'failed',
    )
    assert.equal(after.fence, 2)
    assert.equal(after.error?.code, 'encode-failed')
    assert.equal(after.error?.details?.stderr, 'oops')
    assert.deepEqual(
      after.attempts.map(({ outcome }) => outcome),
      ['failed', 'failed'],
    )
  })

  it('leaves nothing of a movie that went up and then was found wanting', async () => {
    const job = await bench.addReadyJob()
    const encode = await bench.nextEncode()
    await encode.written()
    await bench.until(
      async () => bench.media.keys,
      (keys) => keys.some((key) => key.endsWith('/1/web-720p/movie.mp4')),
    )
    assert.equal((await bench.job(job)).status, 'running', 'nobody sees it yet')
    encode.fail(new ReelmillError('output-verification-failed', 'It is not whole.', { retry: 'never' }))
    const after = await bench.until(
      () => bench.job(job),
      ({ status }) => status === 'failed',
    )
    assert.deepEqual(after.result, undefined)
    await bench.until(
      async () => bench.media.keys.filter((key) => key.startsWith('out/')),
      (keys) => keys.length === 0,
    )
  })

  it('fails a missing input at once', async () => {
    const job = await bench.addJob()
    await bench.ring(job)
    const after = await bench.until(
      () => bench.job(job),
      ({ status }) => status === 'failed',
    )
    assert.equal(after.error?.code, 'input-missing')
    assert.equal(after.error?.phase, 'fetch')
  })

  describe('an input that is not what was uploaded', () => {
    const damaged = [{ id: 'in1', source: { uploadId: 'upl_1' }, key: 'in/acme/upl_1/a', sha256: SHA }]
    const refused = async (job: Found<JobRecord>) => {
      const after = await bench.until(
        () => bench.job(job),
        ({ status }) => status === 'failed',
      )
      assert.equal(after.error?.code, 'input-damaged')
      assert.match(after.error?.details?.expected ?? '', /^(ab){32}$/)
    }

    it('stops the encode', async () => {
      const job = await bench.addReadyJob({ inputs: damaged })
      const { request } = await bench.nextEncode()
      await refused(job)
      assert.equal(request.signal.aborted, true)
    })

    it('is the reason, whatever ffmpeg made of it', async () => {
      const job = await bench.addReadyJob({ inputs: damaged })
      const encode = await bench.nextEncode()
      encode.fail(new ReelmillError('input-not-media', 'The input is text.'))
      await refused(job)
    })

    it('is nothing to publish from', async () => {
      const job = await bench.addReadyJob({ inputs: damaged })
      const encode = await bench.nextEncode()
      await encode.written()
      await encode.finish()
      await refused(job)
      await bench.until(
        async () => bench.media.keys.filter((key) => key.startsWith('out/')),
        (keys) => keys.length === 0,
      )
    })
  })

  it('takes an input that is what was uploaded', async () => {
    const sha256 = createHash('sha256').update('the input').digest('hex')
    const job = await bench.addReadyJob({
      inputs: [{ id: 'in1', source: { uploadId: 'upl_1' }, key: 'in/acme/upl_1/a', sha256 }],
    })
    const encode = await bench.nextEncode()
    await encode.finish()
    await bench.until(
      () => bench.job(job),
      ({ status }) => status === 'succeeded',
    )
  })

  it('hands the job back when it is told to go, and says its last word', async () => {
    const job = await bench.addReadyJob()
    await bench.nextEncode()
    bench.interrupt()
    await bench.ended
    const after = await bench.job(job)
    assert.equal(after.status, 'queued')
    assert.equal(after.interruptions, 1)
    assert.deepEqual(await bench.bells(), [job.value.id])
    assert.equal((await bench.worker()).value.state, 'drained')
  })

  it('takes no more work when it is drained, and goes', async () => {
    const found = await bench.worker()
    await bench.store.swap<WorkerRecord>(
      found,
      (value) => ({ ...value, state: 'draining' }),
      () => false,
    )
    const job = await bench.addReadyJob()
    await bench.clock.advance(bench.times.heartbeatMs)
    await bench.ended
    assert.equal((await bench.job(job)).status, 'queued')
    assert.equal((await bench.worker()).value.state, 'drained')
    await bench.clock.advance(60_000)
    assert.deepEqual(await bench.bells(), [job.value.id], 'the bell is for another')
  })

  it('kills the encode and settles nothing when it is condemned', async () => {
    const job = await bench.addReadyJob()
    const { request } = await bench.nextEncode()
    await bench.store.swap<WorkerRecord>(
      await bench.worker(),
      (value) => ({ ...value, state: 'condemned' }),
      () => false,
    )
    await bench.clock.advance(bench.times.heartbeatMs)
    await bench.ended
    assert.ok(request.signal.aborted)
    assert.equal((await bench.job(job)).status, 'running', 'the sweep takes the lease, not the dead')
    assert.equal((await bench.worker()).value.state, 'condemned')
  })

  it('abandons a job whose lease it lost, and keeps what another published', async () => {
    const job = await bench.addReadyJob()
    const { request } = await bench.nextEncode()
    const running = await bench.store.get<JobRecord>(job.key)
    assert.ok(running)
    await bench.store.swap<JobRecord>(
      running,
      (value) => ({ ...value, lease: { ...value.lease, id: 'L9' } }) as JobRecord,
      () => false,
    )
    const theirs = await bench.putOutput(job.value, 9)
    await bench.putOutput(job.value, 1)
    await bench.clock.advance(5_000)
    assert.ok(request.signal.aborted)
    await bench.clock.advance(bench.times.heartbeatMs)
    await bench.until(bench.worker, ({ value }) => value.state === 'idle')
    assert.deepEqual(
      bench.media.keys.filter((key) => key.startsWith('out/')),
      [theirs],
    )
  })

  it('sweeps while it is idle, so that nothing hangs where no master runs', async () => {
    await bench.stop()
    const { sweep } = jobBench()
    let passes = 0
    sweep.pass = async () => {
      passes++
      return { queued: [], running: 0, closing: 0, workers: new Map() }
    }
    bench = await workerBench({ idleSweep: { open: async () => sweep, everyMs: 60_000 } })
    await bench.clock.advance(121_000)
    assert.equal(passes, 2)
    await bench.addReadyJob()
    await bench.nextEncode()
    await bench.clock.advance(120_000)
    assert.equal(passes, 2, 'not while it works')
  })

  it('leaves when no master has been seen for long', async () => {
    await bench.stop()
    bench = await workerBench({ masterGoneMs: 600_000 })
    await bench.store.create(FLEET_KEY, { owner: 'mst_1' })
    await bench.clock.advance(590_000)
    assert.equal((await bench.worker()).value.state, 'idle')
    await bench.clock.advance(120_000)
    await bench.ended
    assert.equal((await bench.worker()).value.state, 'drained')
  })

  it('cannot be registered twice', async () => {
    await assert.rejects(
      Registration.create(bench, {
        id: 'wrk_1',
        bootId: 'boot-2',
        static: false,
        host: 'here',
        pid: 2,
        jail: 'none',
        release: 'test',
      }),
      /taken/,
    )
  })
})
