import { type Clock, systemClock } from '#shared/clock.ts'
import { attemptPrefix, jobKey, workerKey } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import { defaultJobTimes } from '#shared/jobs/times.ts'
import { type JobEvent, transition } from '#shared/jobs/transition.ts'
import { type Log, silentLog } from '#shared/log.ts'
import { MemoryBellQueue } from '#shared/queue/memory-bell-queue.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'
import { allScopes, type Scope } from '#shared/tenants/key-record.ts'
import { Keys } from '#shared/tenants/keys.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import type { FrontendDependencies, FrontendSettings } from '../../services/frontend/app.ts'
import { defaultLimits, type Limits } from '../../services/frontend/operations/limits.ts'
import type { Job } from '../../services/frontend/shapes/job.ts'
import type { Problem } from '../../services/frontend/shapes/problem.ts'
import type { Upload } from '../../services/frontend/shapes/upload.ts'
import { defaultSoapLimits, type SoapLimits } from '../../services/frontend/soap/soap-limits.ts'
import { startFrontend } from '../../services/frontend/start-frontend.ts'
import { MemoryMediaStore } from './memory-media-store.ts'

export interface FrontendOptions {
  readonly limits?: Partial<Limits>
  readonly soapLimits?: Partial<SoapLimits>
  readonly users?: NonNullable<FrontendDependencies['users']>
  readonly clock?: Clock
  readonly settings?: Partial<FrontendSettings>
  readonly objects?: MemoryObjects
  readonly media?: MediaStore
  readonly log?: Log
}

/** A frontend on a free port over stores in memory, with one key of the tenant `acme`. Dispose of it. */
export async function startTestFrontend(options: FrontendOptions = {}) {
  const clock = options.clock ?? systemClock
  const objects = options.objects ?? new MemoryObjects()
  const store = new RecordStore({ objects, clock })
  const media = options.media ?? new MemoryMediaStore()
  const queue = new MemoryBellQueue({ clock })
  const tenants = new Tenants({ store, clock })
  const keys = new Keys({ store, clock, tenants })
  const frontend = await startFrontend(
    {
      store,
      media,
      queue,
      clock,
      log: options.log ?? silentLog,
      // Tests beat as they please, and a watch reads a worker's record only twice in a heartbeat.
      times: { ...defaultJobTimes, heartbeatMs: 10 },
      limits: { ...defaultLimits, ...options.limits },
      soapLimits: { ...defaultSoapLimits, ...options.soapLimits },
      ...(options.users && { users: options.users }),
      settings: {
        release: '0.0.0-test',
        ownBuckets: ['state', 'media'],
        allowPrivateWebhooks: false,
        watchPollMs: 5,
        keyRememberMs: 0,
        trustProxy: false,
        metricsArePublic: false,
        measureProcess: false,
        ...options.settings,
      },
    },
    { host: '127.0.0.1', port: 0 },
  )
  const { key } = await keys.create({ tenant: 'acme', scopes: allScopes })

  const call = (method: string, path: string, init: RequestInit & { readonly key?: string | null } = {}) => {
    const { key: given = key, headers, ...rest } = init
    return fetch(new URL(path, frontend.url), {
      redirect: 'manual',
      ...rest,
      method,
      headers: { ...(given !== null && { authorization: `Bearer ${given}` }), ...headers },
    })
  }
  const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
    call(method, path, {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })

  return {
    ...frontend,
    objects,
    store,
    media,
    queue,
    tenants,
    keys,
    key,
    call,
    send,
    newKey: async (tenant: string, ...scopes: Scope[]) =>
      keys.create({ tenant, scopes: scopes.length > 0 ? scopes : allScopes }),

    /** A ready upload with `content`. */
    async upload(content: string | Uint8Array = 'a movie', announced: object = {}): Promise<Upload> {
      const begun = (await (await send('POST', '/v1/uploads', announced)).json()) as Upload
      const filled = await call('PUT', `/v1/uploads/${begun.id}/content`, { body: content as string })
      if (!filled.ok) throw new Error(await filled.text())
      return (await filled.json()) as Upload
    },
    /** A queued job. */
    async submit(over: object = {}, headers: Record<string, string> = {}): Promise<Job> {
      const { id } = await this.upload()
      const answer = await send(
        'POST',
        '/v1/jobs',
        { inputs: [{ source: { uploadId: id } }], outputs: [{ preset: 'web-720p' }], ...over },
        headers,
      )
      if (!answer.ok) throw new Error(await answer.text())
      return (await answer.json()) as Job
    },
    /** Moves a job as its worker or the sweep would. */
    async move(jobId: string, ...events: readonly JobEvent[]): Promise<JobRecord> {
      for (const event of events) {
        const found = await store.get<JobRecord>(jobKey(jobId))
        if (!found) throw new Error(`there is no job ${jobId}`)
        const swapped = await store.swap<JobRecord>(
          found,
          (job) => transition(job, event),
          () => false,
        )
        if (swapped.outcome === 'lost') throw new Error(`${event.type} is not legal in ${found.value.status}`)
      }
      return (await store.get<JobRecord>(jobKey(jobId)))?.value as JobRecord
    },
    /** Writes a worker's record, as its heartbeat would. */
    async beat(worker: Partial<WorkerRecord> & { readonly id: string }): Promise<void> {
      const at = new Date().toISOString()
      const record: WorkerRecord = {
        kind: 'worker',
        version: 1,
        bootId: 'boot',
        static: false,
        state: 'busy',
        seq: 1,
        startedAt: at,
        heartbeatAt: at,
        host: 'here',
        ...worker,
      }
      const { outcome, found } = await store.create<WorkerRecord>(workerKey(worker.id), record)
      if (outcome === 'exists')
        await store.swap<WorkerRecord>(
          found,
          () => record,
          () => false,
        )
    },
    /** Runs a queued job to its good end, with one file of its output in the store. */
    async succeed(job: Job, content = 'encoded'): Promise<JobRecord> {
      const tenant = (await store.get<JobRecord>(jobKey(job.id)))?.value.tenant ?? 'acme'
      const name = job.outputs[0]?.name ?? 'web-720p'
      const at = Date.now()
      const key = `${attemptPrefix(tenant, job.id, 'main', 1)}${name}/movie.mp4`
      await media.write(key, Buffer.from(content), { contentType: 'video/mp4' })
      return this.move(
        job.id,
        { type: 'lease', leaseId: 'lea_1', worker: 'wrk_1', at },
        {
          type: 'succeed',
          leaseId: 'lea_1',
          at,
          expiresAt: at + 1000,
          warnings: [],
          result: aResult(name, content),
        },
      )
    },
    async [Symbol.asyncDispose]() {
      await frontend.close()
    },
  }
}

export type TestFrontend = Awaited<ReturnType<typeof startTestFrontend>>

/** The problem details of an answer, which must be some. */
export async function problemIn(answer: Response, status: number, code: string): Promise<Problem> {
  const text = await answer.text()
  if (answer.status !== status) throw new Error(`expected ${status} ${code}, got ${answer.status}: ${text}`)
  const problem = JSON.parse(text) as Problem
  if (problem.code !== code) throw new Error(`expected ${code}, got ${text}`)
  return problem
}

function aResult(name: string, content: string): JobRecord['result'] & object {
  const sizeBytes = Buffer.byteLength(content)
  return {
    fence: 1,
    leaseId: 'lea_1',
    task: 'main',
    detected: { container: 'mov,mp4', sizeBytes: 7, durationSec: 10, streams: [{ index: 0, type: 'video' }] },
    manifestSha256: 'a'.repeat(64),
    receipt: { encodeSec: 2, queueSec: 1 },
    outputs: [
      {
        name,
        status: 'succeeded',
        durationSec: 10,
        streams: [{ index: 0, type: 'video', codec: 'h264', width: 1280, height: 720 }],
        files: [
          { path: 'movie.mp4', role: 'main', contentType: 'video/mp4', sizeBytes, sha256: 'b'.repeat(64) },
        ],
        fileCount: 1,
        totalBytes: sizeBytes,
        checks: [{ name: 'duration', result: 'passed' }],
      },
    ],
  }
}
