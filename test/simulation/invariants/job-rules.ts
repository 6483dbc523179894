import { openHintKey, parseJobHint } from '#shared/jobs/keys.ts'
import type { JobRecord, JobTombstone } from '#shared/jobs/record.ts'
import type { Stamp } from '#shared/state/state-store.ts'
import type { Report } from './ledger.ts'
import type { MediaLedger } from './media-ledger.ts'
import type { WorkerRules } from './worker-rules.ts'

type AnyJob = (JobRecord | JobTombstone) & Stamp

const isEnded = (job: JobRecord): boolean => job.status !== 'queued' && job.status !== 'running'
const isClosable = (job: JobRecord): boolean => isEnded(job) && job.delivery.status !== 'pending'
/** Within one fence: an attempt runs, then its job waits for the next one or has ended. */
const rank = (job: JobRecord): number => (job.status === 'running' ? 0 : job.status === 'queued' ? 1 : 2)

/** The invariants of `j/` and `x/open/`: I1 to I7, I9, P4 and P8 of docs/protocol.md. */
export class JobRules {
  readonly #report: Report
  readonly #workers: WorkerRules
  readonly #media: MediaLedger
  readonly #leases = new Map<string, string>()
  readonly #jobOfKey = new Map<string, string>()
  readonly #purged = new Set<string>()
  readonly current = new Map<string, AnyJob>()
  /** Jobs that a client was told to have accepted. */
  readonly accepted = new Map<string, string>()
  /** Uploads that a client deleted itself. */
  readonly deletedUploads = new Set<string>()

  constructor(report: Report, workers: WorkerRules, media: MediaLedger) {
    this.#report = report
    this.#workers = workers
    this.#media = media
  }

  /** A client got an answer that says: this is your job. */
  clientAccepted(key: string, jobId: string): void {
    const before = this.accepted.get(key)
    if (before !== undefined && before !== jobId)
      this.#broken('I6', `the key ${key} stands for two jobs`, jobId)
    this.accepted.set(key, jobId)
    if (!this.current.has(jobId) && !this.#purged.has(jobId)) {
      this.#broken('P1', 'an accepted job has no record', jobId)
    }
  }

  willSwap(before: AnyJob, after: AnyJob): void {
    if (before.kind !== 'job' || after.kind !== 'job' || !before.lease || after.lease) return
    if (outcomeOf(after) !== 'lost' || after.rev !== before.rev + 1) return // from an old version: refused anyway
    const { id, worker } = before.lease
    if (this.#workers.isLive(worker, id)) {
      this.#broken('P4', `the lease of a live, listed attempt on ${worker} is expired`, before.id)
    }
  }

  changed(key: string, before: AnyJob | undefined, after: AnyJob | undefined, who: string): void {
    if (!after) {
      this.#removed(before)
      return
    }
    this.current.set(after.id, after)
    if (!before) this.#appeared(after)
    else if (after.rev !== before.rev + 1)
      this.#broken('rev', `${key} went from ${before.rev} to ${after.rev}`)
    if (before?.kind === 'tombstone') {
      this.#broken('I7', `a tombstone was overwritten by ${who}`, after.id)
      return
    }
    if (after.kind === 'tombstone') {
      if (before) this.#buried(before)
      return
    }
    if (before) this.#moved(before, after)
    if (after.status === 'running') this.#leased(after)
    if (after.status === 'succeeded' && before?.kind === 'job' && before.status !== 'succeeded') {
      const problem = this.#media.publish(after)
      if (problem !== undefined) this.#broken('I1', problem, after.id)
    }
    if (after.error?.code === 'internal') this.#broken('defect', JSON.stringify(after.error), after.id)
    if (after.error?.code === 'input-missing') {
      const uploadId = after.inputs[0]?.source.uploadId ?? ''
      if (!this.deletedUploads.has(uploadId))
        this.#broken('P1', 'the input of a living job was deleted', after.id)
    }
    if (!isClosable(after)) this.#mustBeHinted(after)
  }

  hintChanged(key: string, isThere: boolean): void {
    const job = this.current.get(parseJobHint(key)?.jobId ?? '')
    if (!isThere && job?.kind === 'job' && !isClosable(job)) {
      this.#broken('I5', `the open hint of a ${job.status} job is deleted`, job.id)
    }
  }

  #appeared(job: AnyJob): void {
    if (this.#purged.has(job.id) && job.kind === 'job')
      this.#broken('I7', 'a purged job came back to life', job.id)
    this.#report.count(job.kind === 'job' ? 'job submitted' : 'job place occupied by a tombstone')
    if (job.kind !== 'job') return
    if (job.metadata.key === undefined) return
    const key = `${job.metadata.key} ${job.retryOf ?? ''}` // a retry is a job of its own, with the same metadata
    const other = this.#jobOfKey.get(key)
    if (other !== undefined && other !== job.id)
      this.#broken('I6', `the key ${key} made a second job`, job.id)
    this.#jobOfKey.set(key, job.id)
  }

  #removed(before: AnyJob | undefined): void {
    if (!before) return
    this.current.delete(before.id)
    this.#purged.add(before.id)
    this.#report.count('tombstone purged')
    if (before.kind === 'job') this.#broken('I7', 'a job was deleted without a tombstone', before.id)
  }

  #buried(before: JobRecord): void {
    this.#report.count('job buried')
    if (!isEnded(before)) this.#broken('I7', `a ${before.status} job was buried`, before.id)
    this.#media.unpublish(before)
  }

  #moved(before: JobRecord, after: JobRecord): void {
    const { id } = after
    if (after.fence < before.fence) this.#broken('I2', 'the fence went back', id)
    if (isEnded(before)) {
      if (after.status !== before.status) this.#broken('I3', `${before.status} became ${after.status}`, id)
      if (JSON.stringify(after.result) !== JSON.stringify(before.result))
        this.#broken('I3', 'the result changed', id)
    }
    if (after.fence === before.fence && rank(after) < rank(before))
      this.#broken('I3', `${before.status} became ${after.status} under fence ${after.fence}`, id)
    if (before.cancelRequestedAt !== undefined && before.status === 'running' && after.status === 'queued')
      this.#broken('I4', 'a job with an accepted wish to cancel is queued again', id)
    this.#report.count(nameOf(before, after))
  }

  #leased(job: JobRecord): void {
    const { lease, id, fence } = job
    if (!lease) {
      this.#broken('I9', 'running without a lease', id)
      return
    }
    const place = `${id} ${fence}`
    const other = this.#leases.get(place)
    if (other !== undefined && other !== lease.id) this.#broken('I2', `two leases under fence ${fence}`, id)
    this.#leases.set(place, lease.id)
    if (!this.#workers.hasListed(lease.worker, lease.id))
      this.#broken('I9', `running under a lease that ${lease.worker} never listed`, id)
  }

  #mustBeHinted(job: JobRecord): void {
    if (this.#report.has(openHintKey(job.tenant, job.id))) return
    this.#broken('I5', `a ${job.status} job has no open hint`, job.id)
  }

  #broken(rule: string, what: string, jobId?: string): void {
    this.#report.violated(`${rule}: ${what}${jobId === undefined ? '' : ` (${jobId})`}`)
  }
}

const outcomeOf = (job: JobRecord): string | undefined =>
  job.attempts.find((attempt) => attempt.number === job.fence)?.outcome

/** What a transition is called in the tally. */
function nameOf(before: JobRecord, after: JobRecord): string {
  if (isEnded(before)) return `news ${after.delivery.status}`
  if (before.status === 'queued') {
    if (after.status === 'running') return 'job leased'
    return after.status === 'canceled' ? 'job canceled while queued' : 'job failed for waiting too long'
  }
  if (after.status === 'running') return 'wish to cancel'
  return `job ${after.status} after an attempt that ${outcomeOf(after)}`
}
