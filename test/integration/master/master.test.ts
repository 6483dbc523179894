import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStores, type Stores, storesConfig } from '#shared/aws/stores-config.ts'
import { isoTime, systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import type { FleetRecord } from '#shared/fleet/fleet-record.ts'
import { newId } from '#shared/ids.ts'
import { cancelJob } from '#shared/jobs/cancel-job.ts'
import { FLEET_KEY, jobKey, openHintKey, workerKey } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import { defaultJobTimes } from '#shared/jobs/times.ts'
import { silentLog } from '#shared/log.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import { isRunning, type ProcessIdentity, parseIdentity } from '../../../services/master/process-identity.ts'
import { aJob } from '../../support/a-job.ts'
import { startTestCloud, type TestCloud, testCredentials } from '../../support/localcloud.ts'
import { requireTool } from '../../support/tools.ts'

const MAIN = fileURLToPath(new URL('../../../services/master/main.ts', import.meta.url))
const MASTER_OF_IDLE = fileURLToPath(new URL('../../support/master-of-idle-workers.ts', import.meta.url))

describe('a master with worker processes', function () {
  this.timeout(60_000)
  let cloud: TestCloud
  let folder: string
  let stores: Stores
  let environment: Record<string, string>
  let masters: ChildProcess[]

  beforeEach(async () => {
    cloud = await startTestCloud()
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-master-'))
    masters = []
    environment = {
      PATH: process.env.PATH ?? '',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: testCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: testCredentials.secretAccessKey,
      AWS_ENDPOINT_URL_S3: cloud.s3Url,
      AWS_ENDPOINT_URL_SQS: cloud.sqsUrl,
      REELMILL_STATE_BUCKET: 'state',
      REELMILL_MEDIA_BUCKET: 'media',
      REELMILL_LOG_LEVEL: 'info',
      REELMILL_DATA: folder,
      REELMILL_JAIL: 'none',
      REELMILL_MIN_WORKERS: '1',
      REELMILL_MAX_WORKERS: '3',
      REELMILL_WAIT_SLO_SEC: '1',
      REELMILL_KEEP_IDLE_SEC: '0.5',
      REELMILL_BOOT_SEC: '0.5',
      REELMILL_TICK_SEC: '0.2',
      REELMILL_IDLE_TICK_SEC: '0.4',
      REELMILL_HEARTBEAT_SEC: '0.5',
      REELMILL_LEASE_SEC: '20',
    }
    process.env.AWS_ACCESS_KEY_ID = testCredentials.accessKeyId
    process.env.AWS_SECRET_ACCESS_KEY = testCredentials.secretAccessKey
    stores = await openStores(readConfig(storesConfig, environment), { clock: systemClock, log: silentLog })
  })
  afterEach(async () => {
    for (const master of masters) await end(master, 'SIGKILL')
    for (const { identity } of await workers()) {
      if (await isRunning(identity)) process.kill(-identity.pid, 'SIGKILL')
    }
    stores.close()
    await cloud[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  function start(script: string, over: Record<string, string> = {}) {
    const master = spawn(process.execPath, [script], {
      env: { ...environment, ...over },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    master.stdout.on('data', (chunk) => (output += chunk))
    master.stderr.on('data', (chunk) => (output += chunk))
    masters.push(master)
    return { master, output: () => output }
  }
  async function end(master: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (master.exitCode !== null || master.signalCode !== null) return
    const exited = once(master, 'exit')
    master.kill(signal)
    await exited
  }
  /** Every worker process that has a pid file. */
  async function workers(): Promise<{ id: string; identity: ProcessIdentity }[]> {
    const pids = path.join(folder, 'fleet', 'reelmill', 'pids')
    const names = await readdir(pids).catch(() => [])
    const found = await Promise.all(
      names.map(async (id) => ({
        id,
        identity: parseIdentity(await readFile(path.join(pids, id), 'utf8').catch(() => '')),
      })),
    )
    return found.flatMap(({ id, identity }) => (identity ? [{ id, identity }] : []))
  }
  async function running(): Promise<{ id: string; identity: ProcessIdentity }[]> {
    const all = await workers()
    const alive = await Promise.all(all.map(({ identity }) => isRunning(identity)))
    return all.filter((_, i) => alive[i])
  }
  const fleet = async () => (await stores.store.get<FleetRecord>(FLEET_KEY))?.value
  const worker = async (id: string) => (await stores.store.get<WorkerRecord>(workerKey(id)))?.value
  /** So many processes, all registered and idle, and an adopted intent for each. */
  async function settledAt(count: number): Promise<string[]> {
    let ids: string[] = []
    await until(`${count} idle workers`, async () => {
      ids = (await running()).map(({ id }) => id).sort()
      const records = await Promise.all(ids.map(worker))
      const intents = (await fleet())?.intents ?? {}
      return (
        ids.length === count &&
        records.every((record) => record?.state === 'idle') &&
        Object.keys(intents).length === count &&
        ids.every((id) => intents[id]?.state === 'up')
      )
    })
    return ids
  }
  async function submit(count: number): Promise<JobRecord[]> {
    const jobs = Array.from({ length: count }, () =>
      aJob({ id: newId('job', systemClock.now()), createdAt: isoTime(systemClock.now()) }),
    )
    for (const job of jobs) {
      await stores.store.putHint(openHintKey(job.tenant, job.id))
      await stores.store.create<JobRecord>(jobKey(job.id), job)
    }
    return jobs
  }

  it('goes from none to the maximum as the queue grows, and back to none when it is empty', async () => {
    start(MASTER_OF_IDLE, { REELMILL_MIN_WORKERS: '0' })
    await until('a master', async () => (await fleet()) !== undefined)
    assert.deepEqual(await workers(), [])
    const jobs = await submit(20)
    await settledAt(3)
    for (const { tenant, id } of jobs) {
      await cancelJob({ ...stores, clock: systemClock, times: defaultJobTimes }, tenant, id)
    }
    await settledAt(0)
    await until('no pid files', async () => (await workers()).length === 0)
  })

  it('replaces a worker that was killed, within seconds', async () => {
    start(MASTER_OF_IDLE)
    const [first] = await settledAt(1)
    const [{ identity } = { identity: undefined }] = await running()
    assert.ok(first && identity)
    process.kill(identity.pid, 'SIGKILL')
    await until('another worker', async () => {
      const ids = (await running()).map(({ id }) => id)
      return ids.length === 1 && !ids.includes(first)
    })
    assert.notDeepEqual(await settledAt(1), [first])
    assert.equal((await worker(first))?.state, 'condemned')
  })

  it('adopts at once, after it was killed and started again, the workers that run', async () => {
    const { master } = start(MASTER_OF_IDLE, { REELMILL_MIN_WORKERS: '2' })
    const before = await settledAt(2)
    await end(master, 'SIGKILL')
    const epoch = (await fleet())?.epoch ?? 0
    start(MASTER_OF_IDLE, { REELMILL_MIN_WORKERS: '2' })
    await until('the next epoch', async () => ((await fleet())?.epoch ?? 0) > epoch)
    assert.deepEqual(await settledAt(2), before)
    // The adopted ones are looked after, too: this one is no child of the new master.
    const [victim] = await running()
    assert.ok(victim)
    process.kill(victim.identity.pid, 'SIGKILL')
    await until('a replacement', async () => {
      const ids = (await running()).map(({ id }) => id)
      return ids.length === 2 && !ids.includes(victim.id)
    })
  })

  it('launches nobody twice while two masters run', async () => {
    start(MASTER_OF_IDLE, { REELMILL_MIN_WORKERS: '2' })
    start(MASTER_OF_IDLE, { REELMILL_MIN_WORKERS: '2' })
    const ids = await settledAt(2)
    const started = await readdir(path.join(folder, 'fleet', 'reelmill', 'logs'))
    assert.deepEqual(
      started.sort(),
      ids.map((id) => `${id}.log`),
    )
  })

  it('starts real workers, and leaves no process behind when it is told to stop', async function () {
    requireTool(this, 'ffmpeg', 'ffprobe')
    const { master, output } = start(MAIN)
    await settledAt(1)
    await end(master, 'SIGTERM')
    assert.equal(master.exitCode, 0, output())
    assert.deepEqual(await workers(), [])
    const { owner, intents } = (await fleet()) ?? {}
    assert.deepEqual({ owner, intents }, { owner: '', intents: {} })
  })

  it('leaves its workers to the next master when it is told to keep them', async function () {
    requireTool(this, 'ffmpeg', 'ffprobe')
    const { master, output } = start(MAIN, { REELMILL_WORKERS_ON_STOP: 'keep' })
    const before = await settledAt(1)
    await end(master, 'SIGTERM')
    assert.equal(master.exitCode, 0, output())
    const next = start(MAIN)
    await until('the next master', async () => ((await fleet())?.epoch ?? 0) === 2)
    assert.deepEqual(await settledAt(1), before)
    await end(next.master, 'SIGTERM')
    assert.deepEqual(await workers(), [])
  })

  it('says all that is wrong with its configuration at once', async () => {
    const { master, output } = start(MAIN, { REELMILL_MIN_WORKERS: '-1', REELMILL_TICK_SEC: 'often' })
    await once(master, 'exit')
    assert.equal(master.exitCode, 1)
    assert.match(output(), /REELMILL_MIN_WORKERS[\s\S]*REELMILL_TICK_SEC/)
  })

  it('refuses bounds that contradict each other', async () => {
    const { master, output } = start(MAIN, { REELMILL_MIN_WORKERS: '4' })
    await once(master, 'exit')
    assert.equal(master.exitCode, 1)
    assert.match(output(), /REELMILL_MIN_WORKERS must not be above/)
  })
})

/** Looks until it is so: other processes have no event for what they do. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + 40_000
  while (!(await isSo())) {
    if (performance.now() > endsAt) assert.fail(`still no ${what} after 40 s`)
    await systemClock.sleep(50)
  }
}
