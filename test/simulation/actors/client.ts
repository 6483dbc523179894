import { Readable } from 'node:stream'
import type { Caller } from '#shared/tenants/caller.ts'
import { beginUpload } from '../../../services/frontend/operations/begin-upload.ts'
import { cancelJob } from '../../../services/frontend/operations/cancel-job.ts'
import type { OperationContext } from '../../../services/frontend/operations/context.ts'
import { deleteJob } from '../../../services/frontend/operations/delete-job.ts'
import { deleteUpload } from '../../../services/frontend/operations/delete-upload.ts'
import { fillUpload } from '../../../services/frontend/operations/fill-upload.ts'
import { getJob } from '../../../services/frontend/operations/get-job.ts'
import { retryJob } from '../../../services/frontend/operations/retry-job.ts'
import { submitJob } from '../../../services/frontend/operations/submit-job.ts'
import type { Actor } from '../engine/actor.ts'
import type { Scene } from '../scene.ts'
import type { Answer, Frontends } from './frontends.ts'

const MOVIE = Buffer.from('a simulated movie')
const TRIES = 8
const caller: Caller = {
  tenant: 'acme',
  keyId: 'key',
  scopes: ['jobs', 'uploads'] as unknown as Caller['scopes'],
}

/**
 * A client that does what clients do: uploads, submits under an idempotency key until it has an answer (sometimes
 * twice at once), cancels, repeats itself, deletes, retries, and sometimes just goes away.
 */
export class Client {
  readonly #scene: Scene
  readonly #frontends: Frontends
  readonly #actor: Actor
  readonly #name: string

  constructor(scene: Scene, frontends: Frontends, name: string) {
    this.#scene = scene
    this.#frontends = frontends
    this.#name = name
    this.#actor = scene.actor(name)
  }

  /** `uploadId` is an upload that is ready; without one the client makes its own. */
  async live(uploadId: string | undefined): Promise<void> {
    await this.#play(uploadId)
    this.#actor.die()
  }

  async #play(uploadId: string | undefined): Promise<void> {
    const { chance, profile } = this.#scene
    const { clock } = this.#actor
    await clock.sleep(chance.between(0, profile.stormMs / 3))
    const source = uploadId ?? (await this.#upload())
    if (source === undefined) return
    const key = `${this.#name} submit`
    const jobId = await this.#submit(key, source)
    if (jobId === undefined) return
    while (chance.is(profile.meddling)) {
      await clock.sleep(chance.between(0, 40_000))
      await this.#meddle(key, source, jobId)
    }
  }

  async #upload(): Promise<string | undefined> {
    const { chance } = this.#scene
    const begun = await this.#insist('begin an upload', (context) =>
      beginUpload(context, caller, { fileName: 'movie.mp4' }, `${this.#name} upload`),
    )
    if (begun === undefined) return undefined
    if (chance.is(0.1)) return undefined // it goes away, and leaves the upload open
    await this.#insist('fill the upload', (context) =>
      fillUpload(context, caller, begun.id, { body: Readable.from([MOVIE]), announced: {} }),
    )
    return begun.id
  }

  async #submit(key: string, uploadId: string): Promise<string | undefined> {
    if (this.#scene.chance.is(0.3)) void this.#askForJob(key, uploadId) // an impatient one asks twice at once
    const job = await this.#insist('submit', (context) => this.#request(context, key, uploadId))
    if (job) this.#accepted(key, job.id)
    return job?.id
  }

  async #meddle(key: string, uploadId: string, jobId: string): Promise<void> {
    const { chance, ledger } = this.#scene
    const what = chance.weighted({ repeat: 3, cancel: 3, delete: 2, retry: 2, upload: 0.5, look: 1 })
    switch (what) {
      case 'repeat':
        return void (await this.#askForJob(key, uploadId))
      case 'cancel':
        return void (await this.#insist('cancel', (context) => cancelJob(context, caller, jobId)))
      case 'delete':
        return void (await this.#insist('delete', (context) => deleteJob(context, caller, jobId)))
      case 'look':
        return void (await this.#insist('look', (context) => getJob(context, caller, jobId)))
      case 'retry': {
        const retryKey = `${this.#name} retry`
        const job = await this.#insist('retry', (context) => retryJob(context, caller, jobId, retryKey))
        if (job) this.#accepted(retryKey, job.id)
        return
      }
      case 'upload':
        ledger.jobs.deletedUploads.add(uploadId)
        return void (await this.#insist('delete the upload', (context) =>
          deleteUpload(context, caller, uploadId),
        ))
    }
  }

  async #askForJob(key: string, uploadId: string): Promise<void> {
    const answer = await this.#ask('submit again', (context) => this.#request(context, key, uploadId))
    if (answer.kind === 'answer') this.#accepted(key, answer.value.id)
  }

  #request(context: OperationContext, key: string, uploadId: string) {
    return submitJob(
      context,
      caller,
      {
        inputs: [{ source: { uploadId } }],
        outputs: [{ preset: 'web-720p' }],
        reference: this.#name,
        metadata: { key },
        notify: [{ kind: 'webhook', url: 'https://example.com/hook' }],
      },
      { key },
    )
  }

  #accepted(key: string, jobId: string): void {
    this.#scene.ledger.jobs.clientAccepted(key, jobId)
  }

  /** Asks until there is an answer, or an error that stays. */
  async #insist<T>(
    what: string,
    operation: (context: OperationContext) => Promise<T>,
  ): Promise<T | undefined> {
    const { chance } = this.#scene
    for (let tries = 0; tries < TRIES; tries++) {
      const answer = await this.#ask(what, operation)
      if (answer.kind === 'answer') return answer.value
      if (answer.kind === 'error' && answer.error.retry === 'never') return undefined
      if (answer.kind === 'error' && answer.error.retry === 'changed') return undefined
      await this.#actor.clock.sleep(chance.between(100, 5_000))
    }
    return undefined
  }

  #ask<T>(what: string, operation: (context: OperationContext) => Promise<T>): Promise<Answer<T>> {
    return this.#frontends.ask(this.#actor, what, operation)
  }
}
