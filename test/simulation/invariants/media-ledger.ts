import { createHash } from 'node:crypto'
import { attemptPrefix } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import type { Actor } from '../engine/actor.ts'
import type { Report } from './ledger.ts'

/** Files of the simulated engine begin with the name of the attempt that made them, and a line break. */
const makerOf = (body: Uint8Array): string => Buffer.from(body).toString().split('\n')[0] ?? ''

/** What is in the media bucket and who wrote it: I1, I2 and P3. */
export class MediaLedger {
  readonly #bodies = new Map<string, Uint8Array>()
  readonly #makers = new Map<string, string>()
  readonly #published = new Map<string, string>()
  /** Prefixes under which something was applied so late that nobody who tidied could know. */
  readonly late = new Set<string>()
  report: Report | undefined

  written(key: string, body: Uint8Array, actor: Actor): void {
    const before = this.#bodies.get(key)
    this.#bodies.set(key, body)
    const prefix = attemptOf(key)
    if (prefix === undefined) return
    if (before && Buffer.compare(before, body) !== 0 && this.#published.has(prefix)) {
      this.report?.violated(`I1: the published ${key} was overwritten by ${actor.name}`)
    }
    if (key.endsWith('/manifest.json')) return
    const maker = makerOf(body)
    const other = this.#makers.get(prefix)
    if (other !== undefined && other !== maker) {
      this.report?.violated(`I2: ${maker} wrote under ${prefix}, where ${other} had written`)
    }
    this.#makers.set(prefix, maker)
  }

  deleted(keys: readonly string[], actor: Actor): void {
    for (const key of keys) {
      if (!this.#bodies.delete(key)) continue
      const jobId = this.#published.get(attemptOf(key) ?? '')
      if (jobId !== undefined) this.report?.violated(`I1: the published ${key} was deleted by ${actor.name}`)
    }
  }

  lateOnes(key: string): void {
    this.report?.count('late media call carried out')
    this.late.add(key.split('/').slice(0, 3).join('/'))
  }

  /** The job has become succeeded: what is wrong with what it published, if anything. */
  publish(job: JobRecord): string | undefined {
    const { result } = job
    if (!result) return 'succeeded without a result'
    const prefix = attemptPrefix(job.tenant, job.id, result.task, result.fence)
    this.#published.set(prefix, job.id)
    const manifest = this.#bodies.get(`${prefix}manifest.json`)
    if (!manifest || sha256(manifest) !== result.manifestSha256)
      return `the manifest of ${prefix} is not as settled`
    const { files } = JSON.parse(Buffer.from(manifest).toString()) as {
      files: readonly { output: string; path: string; sha256: string }[]
    }
    const wrong = files.find((file) => {
      const body = this.#bodies.get(`${prefix}${file.output}/${file.path}`)
      return !body || sha256(body) !== file.sha256
    })
    return wrong && `${prefix}${wrong.output}/${wrong.path} is not what was settled`
  }

  unpublish(job: JobRecord): void {
    if (job.result)
      this.#published.delete(attemptPrefix(job.tenant, job.id, job.result.task, job.result.fence))
  }

  isPublished(key: string): boolean {
    return this.#published.has(attemptOf(key) ?? '')
  }
}

/** `out/<tenant>/<job>/<task>/<fence>/` of an output's key. */
const attemptOf = (key: string): string | undefined => /^out\/[^/]+\/[^/]+\/[^/]+\/\d+\//.exec(key)?.[0]

const sha256 = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex')
