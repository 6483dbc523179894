import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import type { FleetRecord } from '#shared/fleet/fleet-record.ts'
import { FLEET_KEY, WORKERS_PREFIX } from '#shared/jobs/keys.ts'
import type { Job } from '../../services/frontend/shapes/job.ts'
import { makeClip, picture, tone } from '../support/clips.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'
import { requireTool } from '../support/tools.ts'

/** Long enough that a worker can be killed in the middle of it, on any machine. */
const longClip = () =>
  makeClip('long.mp4', [
    ...picture('640x360', 40, '30'),
    ...tone(40),
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-shortest'],
  ])

describe('killed processes', function () {
  this.timeout(240_000)
  let stack: TestStack
  before(function () {
    requireTool(this, 'ffmpeg', 'bwrap', 'prlimit')
  })
  beforeEach(async () => {
    stack = await startTestStack()
  })
  afterEach(() => stack?.[Symbol.asyncDispose]())

  const submitLong = async (): Promise<Job> => {
    const upload = await stack.api.upload(await longClip())
    return stack.api.submit(upload.id, ['web-480p'])
  }
  /** The worker that encodes this job, once it has begun to. */
  const encoding = (jobId: string) =>
    stack.until('a worker encodes the job', async () =>
      (await stack.workers()).find(({ job, progress }) => job === jobId && progress?.phase === 'encode'),
    )
  const succeededOnce = async (jobId: string): Promise<Job> => {
    const job = await stack.api.follow(jobId)
    assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
    assert.equal(job.attempts?.filter(({ outcome }) => outcome === 'succeeded').length, 1)
    await stack.until('the job is closed', async () => (await stack.openHints()).length === 0)
    const fences = (await stack.mediaKeys())
      .filter((key) => key.includes(jobId))
      .map((key) => key.split('/').at(4))
    const published = job.attempts?.find(({ outcome }) => outcome === 'succeeded')?.number
    assert.deepEqual([...new Set(fences)], [String(published)], 'only the published attempt left anything')
    return job
  }

  it('runs a job again within seconds when its worker is killed in the middle', async () => {
    const { id } = await submitLong()
    const worker = await encoding(id)
    assert.ok(worker.pid)
    process.kill(worker.pid, 'SIGKILL')
    const killedMs = performance.now()
    const next = await stack.until('another worker has the job', async () =>
      (await stack.workers()).find((other) => other.job === id && other.id !== worker.id),
    )
    const tookMs = performance.now() - killedMs
    // The promise is 5 s where the driver sees the exit; four times that for a machine that is busy with other tests.
    assert.ok(tookMs < 20_000, `it took ${Math.round(tookMs)} ms`)
    assert.notEqual(next.leaseId, worker.leaseId)
    const job = await succeededOnce(id)
    assert.deepEqual(
      job.attempts?.map(({ outcome }) => outcome),
      ['lost', 'succeeded'],
    )
    assert.deepEqual(await ffmpegsIn(stack.dataFolder), [], 'no ffmpeg of the dead worker is left')
  })

  it('shows nothing of a worker that is stopped past its lease and wakes up', async () => {
    const { id } = await submitLong()
    const worker = await encoding(id)
    assert.ok(worker.pid)
    process.kill(worker.pid, 'SIGSTOP')
    try {
      await stack.until('another worker has the job', async () =>
        (await stack.workers()).some((other) => other.job === id && other.id !== worker.id),
      )
    } finally {
      process.kill(worker.pid, 'SIGCONT')
    }
    const job = await succeededOnce(id)
    assert.deepEqual(
      job.attempts?.map(({ outcome }) => outcome),
      ['lost', 'succeeded'],
    )
    await stack.until('the sleeper is gone', async () => !(await isAlive(worker.pid)))
  })

  it('finishes a job when the frontend is killed after it accepted it', async () => {
    const { id } = await submitLong()
    await stack.kill('frontend')
    await stack.start('frontend')
    await succeededOnce(id)
  })

  it('finishes a job when the master is killed, and the next one adopts its workers', async () => {
    const { id } = await submitLong()
    const worker = await encoding(id)
    await stack.kill('master')
    await stack.start('master')
    const job = await succeededOnce(id)
    assert.deepEqual(
      job.attempts?.map((attempt) => attempt.worker),
      [worker.id],
      'the same worker went on',
    )
    assert.ok(
      (await stack.workers()).some(({ id: other }) => other === worker.id),
      'and lives',
    )
  })

  it('lets a second master take over when the first is killed', async () => {
    await stack.start('second-master')
    const owner = async () => (await stack.stores.store.get<FleetRecord>(FLEET_KEY))?.value
    const first = await stack.until('a master has the fleet', async () => {
      const record = await owner()
      return record?.ownerProcess ? record : undefined
    })
    const name =
      first.ownerProcess?.split('|')[1] === String(stack.service('master').pid) ? 'master' : 'second-master'
    await stack.kill(name)
    const { id } = await submitLong()
    await stack.until(
      'the other has the fleet',
      async () => (await owner())?.epoch === first.epoch + 1,
      30_000,
    )
    await succeededOnce(id)
  })

  it('loses no job when localcloud is killed and started again while one runs', async () => {
    const { id } = await submitLong()
    await encoding(id)
    await stack.kill('localcloud')
    await stack.start('localcloud')
    await succeededOnce(id)
  })

  it('rings again at once when the queue comes back empty', async () => {
    await stack.service('master').stop(15_000)
    const { id } = await submitLong()
    // Bells live in memory: a restart of localcloud loses them all, as a purge would.
    await stack.service('localcloud').stop(15_000)
    await stack.start('localcloud')
    await stack.start('master')
    await succeededOnce(id)
  })

  it('runs a job once when its bell is doubled', async () => {
    const { id } = await submitLong()
    for (let i = 0; i < 5; i++) await stack.stores.queue.send({ version: 1, jobId: id, task: 'main' })
    const job = await succeededOnce(id)
    assert.equal(job.attempts?.length, 1)
  })

  it('stops within seconds when the client cancels, and leaves no ffmpeg', async () => {
    const { id } = await submitLong()
    await encoding(id)
    const askedMs = performance.now()
    await stack.api.cancel(id)
    const job = await stack.api.follow(id)
    assert.equal(job.status, 'canceled')
    assert.ok(performance.now() - askedMs < 20_000)
    await stack.until('its ffmpeg is gone', async () => (await ffmpegsIn(stack.dataFolder)).length === 0)
    await stack.until('the job is closed', async () => (await stack.openHints()).length === 0)
    assert.deepEqual(
      (await stack.mediaKeys()).filter((key) => key.startsWith('out/')),
      [],
    )
  })

  it('leaves no process when the service is stopped in the middle of an encode', async () => {
    const { id } = await submitLong()
    const worker = await encoding(id)
    await stack.service('master').stop(30_000) // its own grace is 20 s
    await stack.until('the worker is gone', async () => !(await isAlive(worker.pid)))
    assert.deepEqual(await ffmpegsIn(stack.dataFolder), [])
    const { hints } = await stack.stores.store.listHints(WORKERS_PREFIX)
    assert.ok(hints.length > 0)
    await stack.start('master')
    const job = await succeededOnce(id)
    assert.deepEqual(
      job.attempts?.map(({ outcome }) => outcome),
      ['interrupted', 'succeeded'],
    )
  })
})

/** Pids of the ffmpeg processes that work in this stack's folder, whoever their parent is by now. */
async function ffmpegsIn(folder: string): Promise<number[]> {
  const found: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const command = await commandOf(entry)
    if (command.includes('ffmpeg') && command.includes(folder)) found.push(Number(entry))
  }
  return found
}

async function commandOf(pid: string | number): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it ended while we looked
  }
}

const isAlive = async (pid: number | undefined): Promise<boolean> => (await commandOf(pid ?? 0)) !== ''
