import path from 'node:path'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { isoTime, systemClock } from '#shared/clock.ts'
import { newId, newSecret } from '#shared/ids.ts'
import { jobKey, workerKey } from '#shared/jobs/keys.ts'
import { type JobRecord, RECORD_VERSION } from '#shared/jobs/record.ts'
import { transition } from '#shared/jobs/transition.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import type { Job } from '../../services/frontend/shapes/job.ts'
import { makeClip } from '../demo/make-clip.ts'
import { ApiClient } from '../stack/api-client.ts'
import type { BenchContext, BenchGroup, BenchStack } from './bench-group.ts'
import { openBenchStores } from './bench-stores.ts'
import { type CountedRequest, type CountingProxy, startCountingProxy } from './counting-proxy.ts'
import { summary } from './statistics.ts'

const VIEWERS = 100
const WATCH_MS = 2_000
const LOOKS = 5
/** Within which every viewer must have been told. */
const PATIENCE_MS = 120_000

/** A job that many watch must not cost more than one that somebody watches. */
export const measureViewers: BenchGroup = {
  name: 'viewers',
  title: 'Viewers',
  about: `Store requests of the frontend for ${VIEWERS} viewers of one job, against one viewer.`,
  takes: [],
  async run(context) {
    let proxy: CountingProxy | undefined
    try {
      await using running = await context.startStack(
        {
          REELMILL_MIN_WORKERS: '0',
          REELMILL_MAX_WORKERS: '0',
          REELMILL_WATCH_SEC: String(WATCH_MS / 1000),
          // Nobody beats for the worker that the watched job is said to have.
          REELMILL_LEASE_SEC: '3600',
        },
        async ({ s3Url }) => {
          proxy = await startCountingProxy(s3Url)
          return { frontend: { AWS_ENDPOINT_URL_S3: proxy.url } }
        },
      )
      if (!proxy) throw new Error('the stack took no detour')
      return await watched(running, proxy, context)
    } finally {
      await proxy?.[Symbol.asyncDispose]()
    }
  },
}

async function watched(running: BenchStack, { requests }: CountingProxy, context: BenchContext) {
  const { signal, say } = context
  const stores = await openBenchStores(running)
  try {
    const job = await runningJob(running, stores.store, signal)
    let told = 0
    const count = async (viewers: number) => {
      await using audience = watch(running, job.id, viewers, signal)
      await audience.settled
      // From between two looks to between two others: the same number of looks in every window.
      await nextRequest(requests, jobKey(job.id), signal)
      await systemClock.sleep(WATCH_MS / 2, signal)
      const from = requests.length
      for (let look = 0; look < LOOKS; look++) {
        await systemClock.sleep(WATCH_MS, signal)
        told += 1 / 1000
        await job.progress(told)
      }
      const looked = requests.slice(from)
      say(`  ${viewers} watching: ${looked.length} store requests in ${(LOOKS * WATCH_MS) / 1000} s`)
      await audience.told(told)
      return looked.length
    }
    const one = await count(1)
    const many = await count(VIEWERS)
    return {
      measurements: [
        {
          what: `store requests for ${VIEWERS} viewers, more than for one`,
          unit: 'requests' as const,
          value: summary([many - one]),
          goal: { atMost: 0 },
          note: `${many} and ${one} in ${(LOOKS * WATCH_MS) / 1000} s`,
        },
      ],
      remarks: `
Server-sent events of one running job whose progress changes at each look, the frontend looking every ${WATCH_MS / 1000} s. Each
viewer must be told of every change. Counted between the frontend and the store, when all viewers are connected.
`,
    }
  } finally {
    stores.close()
  }
}

interface RunningJob {
  readonly id: string
  /** Says that the encode has come so far. */
  progress(ratio: number): Promise<void>
}

/** A job that runs as far as its record and its worker's tell: no encode disturbs the figures. */
async function runningJob(
  { stack, dataFolder }: BenchStack,
  store: StateStore,
  signal: AbortSignal,
): Promise<RunningJob> {
  const api = new ApiClient({ url: stack.url, key: stack.key, signal })
  const clip = path.join(dataFolder, 'tiny.mp4')
  await makeClip(clip, { width: 160, height: 90, framesPerSecond: 25, durationSec: 1 }, signal)
  const { id } = await api.submit((await api.upload(clip)).id, ['web-480p'])
  const now = systemClock.now()
  const worker = newId('wrk', now)
  const leaseId = newSecret(12)
  let { found } = await store.create<WorkerRecord>(workerKey(worker), {
    ...{ kind: 'worker', version: RECORD_VERSION, id: worker, bootId: 'bench', static: true, state: 'busy' },
    ...{ seq: 0, startedAt: isoTime(now), heartbeatAt: isoTime(now), host: 'bench' },
    ...{ job: id, task: 'main', leaseId, progress: { phase: 'encode', ratio: 0 } },
  })
  const queued = await store.get<JobRecord>(jobKey(id), signal)
  if (!queued) throw new Error(`the job ${id} is not there`)
  await swapped(store, queued, (job) => transition(job, { type: 'lease', at: now, leaseId, worker }))
  return {
    id,
    async progress(ratio) {
      found = await swapped(store, found, (record) => ({
        ...record,
        seq: record.seq + 1,
        progress: { phase: 'encode', ratio },
      }))
    },
  }
}

async function swapped<T extends JobRecord | WorkerRecord>(
  store: StateStore,
  found: Found<T>,
  change: (current: Found<T>['value']) => T | undefined,
): Promise<Found<T>> {
  const answer = await store.swap<T>(found, change, () => false)
  if (answer.outcome === 'lost') throw new Error(`${found.key} was changed by somebody else`)
  return answer.found
}

interface Audience extends AsyncDisposable {
  /** Resolves when each viewer has been told something. */
  readonly settled: Promise<void>
  /** Resolves when each viewer has been told that the encode has come so far. */
  told(ratio: number): Promise<void>
}

function watch({ stack }: BenchStack, jobId: string, viewers: number, signal: AbortSignal): Audience {
  const leave = new AbortController()
  const patience = AbortSignal.timeout(PATIENCE_MS)
  const all = Array.from({ length: viewers }, () => ({ ratio: -1 }))
  let changed = Promise.withResolvers<void>()
  const view = async (viewer: { ratio: number }) => {
    const response = await fetch(`${stack.url}/v1/jobs/${jobId}/events`, {
      headers: { authorization: `Bearer ${stack.key}` },
      signal: AbortSignal.any([signal, leave.signal]),
    })
    if (!response.ok || !response.body) throw new Error(`a viewer was answered with ${response.status}`)
    const events = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
    for await (const { data } of events) {
      viewer.ratio = (JSON.parse(data) as Job).progress ?? 0
      changed.resolve()
    }
  }
  const ended = Promise.all(all.map(view)).then(() => {
    throw new Error('the events of a running job ended')
  })
  ended.catch(() => {}) // `until` tells of it; at the end all leave
  const until = async (ratio: number) => {
    while (all.some((viewer) => viewer.ratio < ratio)) {
      changed = Promise.withResolvers()
      await Promise.race([changed.promise, ended, aborted(patience)])
    }
  }
  return {
    settled: until(0),
    told: until,
    async [Symbol.asyncDispose]() {
      leave.abort(new Error('the viewers leave'))
      await ended.catch(() => {}) // they were told to leave
    },
  }
}

/** Waits until a request for the record `key` has been counted. */
async function nextRequest(
  requests: readonly CountedRequest[],
  key: string,
  signal: AbortSignal,
): Promise<void> {
  const isIt = ({ path }: CountedRequest) => path.includes(key)
  const before = requests.filter(isIt).length
  while (requests.filter(isIt).length === before) await systemClock.sleep(5, signal)
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}
