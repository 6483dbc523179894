import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openStores, type Stores, storesConfig } from '#shared/aws/stores-config.ts'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { OPEN_PREFIX, WORKERS_PREFIX } from '#shared/jobs/keys.ts'
import { silentLog } from '#shared/log.ts'
import { isFinal, type WorkerRecord } from '#shared/workers/worker-record.ts'
import { ApiClient } from '../../scripts/stack/api-client.ts'
import { ChildService } from '../../scripts/stack/child-service.ts'
import { freePorts } from '../../scripts/stack/free-ports.ts'
import { retireWorkers } from '../../scripts/stack/retire-workers.ts'
import { type ServiceEnvironments, serviceEnvironments } from '../../scripts/stack/service-environments.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'

/** `worker` and `other-worker` are static: no master launched them. They run when a test starts them. */
export type ServiceName = 'localcloud' | 'frontend' | 'master' | 'second-master' | 'worker' | 'other-worker'

export interface TestStackOptions {
  /** Puts a fault proxy between all services and the store. */
  readonly badNetwork?: boolean
  /** Commands that become a service (see `ChildService`), such as one that gives it a small disk. */
  wrap?(name: ServiceName, dataFolder: string): readonly string[]
}

/** The whole service as real processes in a folder of its own, each of which a test may kill and start again. */
export interface TestStack extends AsyncDisposable {
  readonly url: string
  readonly key: string
  readonly dataFolder: string
  readonly storeUrl: string
  readonly queueUrl: string
  readonly api: ApiClient
  readonly stores: Stores
  /** Between all services and the store, when it was asked for; everything passes until its `fault` is set. */
  readonly network: FaultProxy | undefined
  start(name: ServiceName, more?: Readonly<Record<string, string>>): Promise<ChildService>
  /** SIGKILL, and gone when this resolves. */
  kill(name: ServiceName): Promise<void>
  service(name: ServiceName): ChildService
  /** As `service`, but `undefined` when it was never started. */
  find(name: ServiceName): ChildService | undefined
  /** Workers that are registered and not gone, as their own records say. */
  workers(): Promise<readonly WorkerRecord[]>
  openHints(): Promise<readonly string[]>
  /** Every key in the media bucket. */
  mediaKeys(): Promise<readonly string[]>
  /** Looks again and again until `look` gives something, for at most `withinMs`. */
  until<T>(what: string, look: () => Promise<T | undefined | false>, withinMs?: number): Promise<T>
}

const scripts = {
  localcloud: 'services/localcloud/main.ts',
  frontend: 'services/frontend/main.ts',
  master: 'services/master/main.ts',
  'second-master': 'services/master/main.ts',
  worker: 'services/worker/main.ts',
  'other-worker': 'services/worker/main.ts',
} as const

const GRACE_MS = 12_000
const LOOK_EVERY_MS = 50

// Everything is noticed sooner than by default, so that tests need not wait; the order of things is the same.
const hurried = {
  REELMILL_TICK_SEC: '0.3',
  REELMILL_IDLE_TICK_SEC: '0.3',
  REELMILL_HEARTBEAT_SEC: '0.4',
  REELMILL_LEASE_CHECK_SEC: '0.4',
  REELMILL_LEASE_SEC: '4',
  REELMILL_MASTER_RENEW_SEC: '1',
  REELMILL_MASTER_TAKEOVER_SEC: '4',
  REELMILL_LOG_LEVEL: 'debug',
} as const

export async function startTestStack(
  environment: Readonly<Record<string, string>> = {},
  options: TestStackOptions = {},
): Promise<TestStack> {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'reelmill-stack-'))
  const [frontend = 0, s3 = 0, sqs = 0] = await freePorts(3)
  const network = options.badNetwork ? await startFaultProxy(`http://127.0.0.1:${s3}`) : undefined
  const set = await serviceEnvironments({
    dataFolder,
    host: '127.0.0.1',
    ports: { frontend, s3, sqs },
    environment: { ...hurried, ...(network && { AWS_ENDPOINT_URL_S3: network.url }), ...environment },
  })
  const services = new Map<ServiceName, ChildService>()
  const launch = (name: ServiceName, more: Readonly<Record<string, string>> = {}) => {
    const wrap = options.wrap?.(name, dataFolder)
    const service = new ChildService({
      name,
      script: scripts[name],
      environment: { ...environmentOf(set, name, dataFolder), ...more },
      ...(wrap && { wrap }),
      logsFolder: path.join(dataFolder, 'logs'),
    })
    services.set(name, service)
    return service
  }
  const service = (name: ServiceName) => {
    const found = services.get(name)
    if (!found) throw new Error(`${name} was never started`)
    return found
  }
  const start: TestStack['start'] = async (name, more) => {
    const started = launch(name, more)
    if (name === 'localcloud') await answering(started, set.storeUrl)
    if (name === 'frontend') await answering(started, `${set.url}/health/ready`, 200)
    if (scripts[name] === scripts.worker) {
      await until(`${name} is registered`, async () =>
        (await workers()).some(({ pid }) => pid === started.pid),
      )
    }
    return started
  }
  const workers = async () => {
    const { hints } = await stores.store.listHints(WORKERS_PREFIX)
    const found = await Promise.all(hints.map((hint) => stores.store.get<WorkerRecord>(hint.key)))
    return found.flatMap((worker) => (worker && !isFinal(worker.value) ? [worker.value] : []))
  }
  await start('localcloud')
  const opening = openStores(readConfig(storesConfig, set.frontend), {
    clock: systemClock,
    log: silentLog,
    credentials: {
      accessKeyId: set.frontend.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: set.frontend.AWS_SECRET_ACCESS_KEY ?? '',
    },
  })
  const [stores]: [Stores, ...unknown[]] = await Promise.all([opening, start('frontend'), start('master')])
  const key = await set.readKey()
  const over = new AbortController()
  return {
    url: set.url,
    key,
    dataFolder,
    storeUrl: set.storeUrl,
    queueUrl: set.frontend.AWS_ENDPOINT_URL_SQS ?? '',
    api: new ApiClient({ url: set.url, key, signal: over.signal }),
    stores,
    network,
    start,
    service,
    find: (name) => services.get(name),
    until,
    async kill(name) {
      service(name).kill()
      await service(name).exited
    },
    workers,
    async openHints() {
      return (await stores.store.listHints(OPEN_PREFIX)).hints.map((hint) => hint.key)
    },
    async mediaKeys() {
      const keys: string[] = []
      for await (const object of stores.media.list('')) keys.push(object.key)
      return keys
    },
    async [Symbol.asyncDispose]() {
      over.abort(new Error('the test is over'))
      if (network) network.fault = () => ({ kind: 'pass' })
      const stop = (name: ServiceName) => services.get(name)?.stop(GRACE_MS)
      await Promise.all(
        (['frontend', 'master', 'second-master', 'worker', 'other-worker'] as const).map(stop),
      )
      await retireWorkers(dataFolder, GRACE_MS)
      stores.close()
      await network?.close()
      await stop('localcloud')
      await rm(dataFolder, { recursive: true })
    },
  }
}

function environmentOf(set: ServiceEnvironments, name: ServiceName, dataFolder: string) {
  if (name === 'localcloud' || name === 'frontend') return set[name]
  if (name === 'master' || name === 'second-master') return set.master
  return { ...set.master, REELMILL_WORKSPACE: workspaceOf(dataFolder, name) }
}

/** Where a static worker of a test stack puts the files of its attempts. */
export const workspaceOf = (dataFolder: string, worker: 'worker' | 'other-worker'): string =>
  path.join(dataFolder, 'static', worker)

async function answering(service: ChildService, url: string, status?: number): Promise<void> {
  await until(`${service.name} answers`, async () => {
    if (!service.running) throw new Error(`${await service.exited}\n${service.lastLines()}`)
    try {
      const response = await fetch(url)
      await response.arrayBuffer()
      return status === undefined || response.status === status
    } catch {
      return false // not listening yet
    }
  })
}

async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  withinMs = 60_000,
): Promise<T> {
  const endsAt = performance.now() + withinMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (performance.now() > endsAt) throw new Error(`not within ${withinMs} ms: ${what}`)
    await systemClock.sleep(LOOK_EVERY_MS)
  }
}
