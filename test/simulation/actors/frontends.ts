import { ReelmillError } from '#shared/errors.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import type { OperationContext } from '../../../services/frontend/operations/context.ts'
import { defaultLimits } from '../../../services/frontend/operations/limits.ts'
import { OpenJobQuota } from '../../../services/frontend/operations/open-job-quota.ts'
import { isDefect } from '../doors/story-log.ts'
import type { Actor } from '../engine/actor.ts'
import type { Scene } from '../scene.ts'

/** What a client hears: an answer, an error, or nothing. */
export type Answer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'error'; readonly error: ReelmillError }
  | { readonly kind: 'silence' }

/** Two frontends behind one address. They keep nothing between requests, so a crash loses only those under way. */
export class Frontends {
  readonly #scene: Scene
  readonly #actors: Actor[] = []
  #count = 0

  constructor(scene: Scene) {
    this.#scene = scene
    for (let i = 0; i < 2; i++) this.#start(0)
  }

  #start(afterMs: number): void {
    const { scheduler, chance } = this.#scene
    const actor = this.#scene.actor(`frontend ${++this.#count}`)
    this.#actors.push(actor)
    actor.pausedUntilMs = scheduler.nowMs + afterMs
    actor.onDeath(() => {
      this.#actors.splice(this.#actors.indexOf(actor), 1)
      this.#start(chance.between(500, 10_000))
    })
  }

  /** Asks one of them. A client waits half a minute for an answer. */
  ask<T>(
    client: Actor,
    what: string,
    operation: (context: OperationContext) => Promise<T>,
  ): Promise<Answer<T>> {
    const { scheduler, chance, faults, latencyMs } = this.#scene
    const { promise, resolve } = Promise.withResolvers<Answer<T>>()
    const frontend = this.#actors[chance.below(this.#actors.length)]
    const fault = faults.pick('http', what, scheduler.nowMs)
    const hear = (answer: Answer<T>) => {
      client.say(() => `hears of "${what}": ${describe(answer)}`)
      resolve(answer)
    }
    scheduler.after(30_000, client, () => hear({ kind: 'silence' }))
    client.say(() => `asks ${frontend?.name}: ${what}${fault ? ` -> ${fault}` : ''}`)
    if (!frontend || fault === 'request-lost') return promise
    frontend.onDeath(() => scheduler.after(100, client, () => hear({ kind: 'silence' })))
    const answer = (value: Answer<T>) => {
      if (fault !== 'answer-lost') scheduler.after(latencyMs(), client, () => hear(value))
    }
    scheduler.after(latencyMs(), frontend, () => {
      operation(contextOf(this.#scene, frontend)).then(
        (value) => answer({ kind: 'answer', value }),
        (error: unknown) => {
          if (isDefect(error) || !(error instanceof ReelmillError)) {
            const stack = error instanceof Error ? error.stack : String(error)
            this.#scene.ledger.violation ??= `defect: ${frontend.name} on "${what}": ${stack}`
          } else answer({ kind: 'error', error })
        },
      )
    })
    return promise
  }
}

export function contextOf(scene: Scene, actor: Actor): OperationContext {
  const tools = scene.equip(actor)
  return {
    ...tools,
    tenants: new Tenants(tools),
    limits: defaultLimits,
    openJobs: new OpenJobQuota(tools, defaultLimits.maxOpenJobs),
    publicUrl: 'http://simulated',
    ownBuckets: [],
    checkDestination: async () => undefined,
  }
}

const describe = (answer: Answer<unknown>): string =>
  answer.kind === 'error' ? `${answer.error.code} (${answer.error.message})` : answer.kind
