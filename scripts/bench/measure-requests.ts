import path from 'node:path'
import { systemClock } from '#shared/clock.ts'
import { jobKey, OPEN_PREFIX, WORKERS_PREFIX } from '#shared/jobs/keys.ts'
import { isEnded, type JobRecord } from '#shared/jobs/record.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import { makeClip } from '../demo/make-clip.ts'
import { ApiClient } from '../stack/api-client.ts'
import { ChildService } from '../stack/child-service.ts'
import type { BenchContext, BenchGroup, BenchStack, Detour } from './bench-group.ts'
import { openBenchStores } from './bench-stores.ts'
import { type CountedRequest, type CountingProxy, startCountingProxy } from './counting-proxy.ts'
import type { Measurement } from './measurement.ts'
import { type Bill, billOf, isList } from './request-bill.ts'
import { summary } from './statistics.ts'

const JOBS = 10
const IDLE_MINUTES = 3
const TICKING_MINUTES = 1
const SETTLE_MS = 35_000
const PATIENCE_MS = 180_000
const LOOK_EVERY_MS = 200
const GRACE_MS = 20_000
const MINUTES_A_MONTH = 30 * 24 * 60

/** What the protocol promises, with half of its last digit for rounding. */
const promised = {
  job: { writes: 11, reads: 6, messages: 3, usd: 0.000065 },
  idleWorkerUsd: 0.95,
  masterUsd: 9.5,
}
/** The defaults on AWS; on one machine the stack looks and beats more often, which costs nothing there. */
const asOnAws = {
  REELMILL_HEARTBEAT_SEC: '15',
  REELMILL_LEASE_CHECK_SEC: '4',
  REELMILL_TICK_SEC: '5',
  REELMILL_IDLE_TICK_SEC: '30',
  REELMILL_WATCH_SEC: '5',
}

/** What the stores would bill for. */
export const measureRequests: BenchGroup = {
  name: 'requests',
  title: 'Requests to S3 and SQS',
  about: `Requests for each job, and of an idle master and worker, at AWS's list prices. Takes ${IDLE_MINUTES + TICKING_MINUTES + 2} minutes.`,
  takes: [],
  async run(context) {
    await using detours = new Detours()
    const without = { REELMILL_MIN_WORKERS: '0', REELMILL_MAX_WORKERS: '0' }
    await using running = await context.startStack({ ...asOnAws, ...without }, detours.take)
    const stores = await openBenchStores(running)
    const worker = new ChildService({
      name: 'worker',
      script: 'services/worker/main.ts',
      environment: {
        ...running.environments.master,
        ...detours.worker,
        REELMILL_WORKSPACE: path.join(running.dataFolder, 'workspace'),
      },
      logsFolder: path.join(running.dataFolder, 'logs'),
    })
    try {
      await until('the worker is there', context.signal, async () => {
        if (!worker.running) throw new Error(`${await worker.exited}:\n${worker.lastLines()}`)
        return (await stores.store.listHints(WORKERS_PREFIX)).hints.length > 0
      })
      const idle = await idleMinutes(detours, context)
      const job = await perJob(running, detours, stores.store, context)
      await worker.stop(GRACE_MS)
      const ticking = await tickingMinutes(running, detours, context)
      return {
        measurements: [...jobRows(job), ...idle, ...ticking],
        remarks: `
Counted between each service and the store and queue, with the intervals that are the defaults on AWS. Prices are list
prices of us-east-1: $5 for a million PUT, POST and LIST, $0.40 for a million GET and HEAD, $0.40 for a million requests
of SQS; deleting is free. A job is counted from the submit until nothing of it is open, its upload and whoever watches
it not; what the master does at each tick is the master's. Goals are the protocol's own figures, and for sums of
money half of their last digit more.
`,
      }
    } finally {
      await worker.stop(GRACE_MS)
      stores.close()
    }
  },
}

type Service = 'frontend' | 'master' | 'worker'

/** A proxy for S3 and one for SQS before each service. */
class Detours implements AsyncDisposable {
  readonly #proxies: { readonly service: Service; readonly proxy: CountingProxy }[] = []
  /** The part of the worker's environment that leads it through its own. */
  worker: Readonly<Record<string, string>> = {}

  readonly take: Detour = async ({ s3Url, sqsUrl }) => {
    const through = async (service: Service) => {
      const [s3, sqs] = await Promise.all([startCountingProxy(s3Url), startCountingProxy(sqsUrl)])
      this.#proxies.push({ service, proxy: s3 }, { service, proxy: sqs })
      return { AWS_ENDPOINT_URL_S3: s3.url, AWS_ENDPOINT_URL_SQS: sqs.url }
    }
    this.worker = await through('worker')
    return { frontend: await through('frontend'), master: await through('master') }
  }

  /** What `service` has asked for since now, when the answer is called. */
  since(service: Service): () => CountedRequest[] {
    const own = this.#proxies.filter((one) => one.service === service)
    const from = own.map(({ proxy }) => proxy.requests.length)
    return () => own.flatMap(({ proxy }, i) => proxy.requests.slice(from[i]))
  }

  async [Symbol.asyncDispose]() {
    for (const { proxy } of this.#proxies) await proxy[Symbol.asyncDispose]()
  }
}

/** With a worker that waits, and nothing to do. */
async function idleMinutes(detours: Detours, { signal, say }: BenchContext): Promise<Measurement[]> {
  await systemClock.sleep(SETTLE_MS, signal)
  const counts = { worker: detours.since('worker'), master: detours.since('master') }
  await systemClock.sleep(IDLE_MINUTES * 60_000, signal)
  const [worker, master] = [counts.worker(), counts.master()]
  say(`  idle for ${IDLE_MINUTES} minutes: worker ${inWords(worker)}; master ${inWords(master)}`)
  return [
    ...minuteRows('idle worker', worker, IDLE_MINUTES, promised.idleWorkerUsd),
    ...minuteRows('idle master', master, IDLE_MINUTES, promised.masterUsd),
  ]
}

/** With jobs that wait for a worker: the master ticks at its shorter interval. */
async function tickingMinutes(
  running: BenchStack,
  detours: Detours,
  { signal, say }: BenchContext,
): Promise<Measurement[]> {
  const { api, uploads } = await uploaded(running, signal)
  for (const upload of uploads) await api.submit(upload, ['web-480p'])
  await systemClock.sleep(SETTLE_MS, signal)
  const count = detours.since('master')
  await systemClock.sleep(TICKING_MINUTES * 60_000, signal)
  const master = count()
  say(`  ${JOBS} jobs waiting for ${TICKING_MINUTES} minutes: master ${inWords(master)}`)
  return minuteRows(`master with ${JOBS} jobs waiting`, master, TICKING_MINUTES, promised.masterUsd)
}

async function perJob(
  running: BenchStack,
  detours: Detours,
  store: StateStore,
  { signal, say }: BenchContext,
): Promise<{ readonly state: Bill; readonly media: Bill }> {
  const { api, uploads } = await uploaded(running, signal)
  const counts = (['frontend', 'worker', 'master'] as const).map((service) => ({
    service,
    count: detours.since(service),
  }))
  const ids: string[] = []
  for (const upload of uploads) ids.push((await api.submit(upload, ['web-480p'])).id)
  await until('all jobs are closed', signal, async () => {
    const jobs = await Promise.all(ids.map((id) => store.get<JobRecord>(jobKey(id), signal)))
    const bad = jobs.find((job) => job && isEnded(job.value.status) && job.value.status !== 'succeeded')
    if (bad) throw new Error(`the job ${bad.value.id} is ${bad.value.status}: ${bad.value.error?.message}`)
    return (await store.listHints(OPEN_PREFIX)).hints.length === 0
  })
  const all = counts.flatMap(({ service, count }) => {
    const ofJobs = count().filter((request) => isOfJob(service, request))
    say(`  ${JOBS} jobs: ${service} ${inWords(ofJobs)}`)
    return ofJobs
  })
  const isMedia = ({ path, action }: CountedRequest) =>
    action === undefined && path.startsWith('/reelmill-media')
  return {
    state: billOf(all.filter((request) => !isMedia(request))),
    media: billOf(all.filter(isMedia)),
  }
}

/**
 * What a master asks at each tick, and the lease that it renews, is counted by the minute. Keys are read once in a
 * while, however many jobs are submitted with them.
 */
function isOfJob(service: Service, { path, ...request }: CountedRequest): boolean {
  if (service === 'frontend') return !path.startsWith('/reelmill-state/k/')
  if (service === 'worker') return true
  return !isList({ path, ...request }) && !path.includes('/fleet/') && request.action !== 'GetQueueAttributes'
}

async function uploaded({ stack, dataFolder }: BenchStack, signal: AbortSignal) {
  const api = new ApiClient({ url: stack.url, key: stack.key, signal })
  const clip = path.join(dataFolder, 'tiny.mp4')
  await makeClip(clip, { width: 160, height: 90, framesPerSecond: 25, durationSec: 1 }, signal)
  const uploads: string[] = []
  while (uploads.length < JOBS) uploads.push((await api.upload(clip)).id)
  return { api, uploads }
}

function jobRows({ state, media }: { readonly state: Bill; readonly media: Bill }): Measurement[] {
  const row = (what: string, number: number, atMost?: number): Measurement => ({
    what: `a job: ${what}`,
    unit: 'requests',
    value: summary([number / JOBS]),
    ...(atMost !== undefined && { goal: { atMost } }),
  })
  return [
    row('state, PUT and LIST', state.writes, promised.job.writes),
    row('state, GET', state.reads, promised.job.reads),
    row('SQS', state.messages, promised.job.messages),
    {
      what: 'a job: state and SQS',
      unit: 'USD',
      value: summary([state.usd / JOBS]),
      goal: { atMost: promised.job.usd },
    },
    row('media, PUT and LIST', media.writes),
    row('media, GET and HEAD', media.reads),
  ]
}

function minuteRows(
  who: string,
  requests: readonly CountedRequest[],
  minutes: number,
  atMostUsd: number,
): Measurement[] {
  const { writes, reads, messages, usd } = billOf(requests)
  const row = (what: string, number: number): Measurement => ({
    what: `${who}, a minute: ${what}`,
    unit: 'requests',
    value: summary([number / minutes]),
  })
  return [
    row('PUT and LIST', writes),
    row('GET and HEAD', reads),
    row('SQS', messages),
    {
      what: `${who}, a month`,
      unit: 'USD',
      value: summary([(usd / minutes) * MINUTES_A_MONTH]),
      goal: { atMost: atMostUsd },
    },
  ]
}

/** Such as `4 PUT w/, 2 LIST w/`: methods and the first part of keys, the most frequent first. */
function inWords(requests: readonly CountedRequest[]): string {
  const counts = new Map<string, number>()
  for (const request of requests) {
    const { method, path, action } = request
    const prefix = /[?&]prefix=([^&/%]*)/.exec(path)?.[1] ?? ''
    const key = path.split('?')[0]?.split('/')[2] ?? ''
    const name = action ?? (isList(request) ? `LIST ${prefix}/` : `${method} ${key}/`)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

async function until(what: string, signal: AbortSignal, look: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + PATIENCE_MS; !(await look()); ) {
    if (performance.now() > endMs) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`)
    await systemClock.sleep(LOOK_EVERY_MS, signal)
  }
}
