import { isoTime } from '#shared/clock.ts'
import { attemptPrefix, jobKey, openHintKey, workerKey } from '#shared/jobs/keys.ts'
import type { DeliveryAnswer, JobEventMessage, Notifier } from '#shared/jobs/notifier.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import { Sweep } from '#shared/jobs/sweep.ts'
import { defaultJobTimes } from '#shared/jobs/times.ts'
import { transition } from '#shared/jobs/transition.ts'
import { silentLog } from '#shared/log.ts'
import { MemoryBellQueue } from '#shared/queue/memory-bell-queue.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import type { Found } from '#shared/state/state-store.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import { aJob } from './a-job.ts'
import { FakeClock } from './fake-clock.ts'
import { MemoryMediaStore } from './memory-media-store.ts'

/** Every shared part of the service in memory, on a clock that stands still until a test moves it. */
export function jobBench(answers: (DeliveryAnswer | Promise<DeliveryAnswer>)[] = []) {
  const clock = new FakeClock()
  const objects = new MemoryObjects()
  const store = new RecordStore({ objects, clock })
  const media = new MemoryMediaStore()
  const queue = new MemoryBellQueue({ clock })
  const told: { url: string; event: JobEventMessage }[] = []
  const notifier: Notifier = {
    async deliver(_job, notify, event) {
      told.push({ url: notify.url, event })
      return answers.shift() ?? { outcome: 'delivered' }
    },
    nextTryMs: (attempts) => (attempts < 3 ? 60_000 * attempts : undefined),
  }
  const context = { store, media, queue, notifier, clock, log: silentLog, times: defaultJobTimes }
  const newSweep = () => new Sweep(context)
  const sweep = newSweep()
  return {
    ...context,
    objects,
    told,
    sweep,
    newSweep,

    /** Stores a job with its open hint, as submit leaves it. */
    async addJob(over: Partial<JobRecord> = {}): Promise<Found<JobRecord>> {
      const job = aJob({ createdAt: isoTime(clock.now()), ...over })
      await store.putHint(openHintKey(job.tenant, job.id))
      return (await store.create<JobRecord>(jobKey(job.id), job)).found
    },
    async addWorker(over: Partial<WorkerRecord> = {}): Promise<Found<WorkerRecord>> {
      const worker: WorkerRecord = {
        kind: 'worker',
        version: 1,
        id: 'wrk_1',
        bootId: 'boot',
        static: false,
        state: 'idle',
        seq: 0,
        startedAt: isoTime(clock.now()),
        heartbeatAt: isoTime(clock.now()),
        host: 'here',
        ...over,
      }
      return (await store.create<WorkerRecord>(workerKey(worker.id), worker)).found
    },
    /** A running job and the busy worker that lists its lease. */
    async addRunning(over: Partial<JobRecord> = {}, worker: Partial<WorkerRecord> = {}) {
      const queued = aJob(over)
      const running = transition(queued, { type: 'lease', leaseId: 'L1', worker: 'wrk_1', at: clock.now() })
      const job = await this.addJob({ ...running })
      const busy = await this.addWorker({
        state: 'busy',
        leaseId: 'L1',
        job: job.value.id,
        task: 'main',
        ...worker,
      })
      return { job, worker: busy }
    },
    async beat(found: Found<WorkerRecord>): Promise<void> {
      const now = await store.get<WorkerRecord>(found.key)
      if (now)
        await store.swap(
          now,
          (value) => ({ ...value, seq: value.seq + 1 }),
          () => false,
        )
    },
    async job(found: Found<JobRecord>): Promise<JobRecord> {
      const now = await store.get<JobRecord>(found.key)
      if (!now) throw new Error(`${found.key} is gone`)
      return now.value
    },
    async putOutput(job: JobRecord, fence: number): Promise<string> {
      const key = `${attemptPrefix(job.tenant, job.id, 'main', fence)}web-720p/movie.mp4`
      await media.write(key, Buffer.from('movie'))
      return key
    },
    /** The ids of the jobs for which a bell waits. */
    async bells(): Promise<string[]> {
      return (await queue.receive({ most: 10, waitSec: 0 })).map(({ jobId }) => jobId)
    },
    openHints: () => [...objects.snapshot('x/open/').keys()],
  }
}
