import { isoTime } from '#shared/clock.ts'
import { newId } from '#shared/ids.ts'
import { forEachLimited } from '#shared/jobs/for-each-limited.ts'
import { jobKey, workerKey } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import { condemnWorker, occupyPlace } from '#shared/workers/condemn-worker.ts'
import { drainWorker } from '#shared/workers/drain-worker.ts'
import { type GiveUpContext, giveUp } from './give-up.ts'
import type { Observer } from './observer.ts'
import type { Named, Plan } from './snapshot.ts'

export interface CarryOutContext extends GiveUpContext {
  readonly observer: Observer
  /** Called with each job whose worker was condemned: it can be queued again now. */
  readonly onLoss?: (jobId: string) => void
}

const CONCURRENCY = 8

/**
 * Carries out a plan in the protocol's order: intents before launches, final records before terminations. Each act
 * stands for itself, so one that fails is logged and left to the next look, and does not keep the others waiting.
 */
export async function carryOut(context: CarryOutContext, plan: Plan, signal?: AbortSignal): Promise<void> {
  const launching = await commitIntents(context, plan, signal)
  await launch(context, [...launching, ...plan.launchAgain], signal)
  await each(context, 'condemn a worker', plan.condemn, (named) => condemn(context, named, signal))
  await each(context, 'give a machine up', plan.giveUp, ({ id, reason }) =>
    giveUp(context, id, reason, signal),
  )
  await each(context, 'drain a worker', plan.drain.map(named), ({ id }) => drain(context, id, signal))
  await each(context, 'reap a machine', plan.reap.map(named), ({ id }) => reap(context, id, signal))
  await each(context, 'forget a worker', plan.forget.map(named), ({ id }) => forget(context, id, signal))
}

/** All new intents, and the adoptions, in ONE swap before any side effect. Returns the ids to launch. */
async function commitIntents(
  { lease, driver, clock, log }: CarryOutContext,
  plan: Plan,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (plan.launch === 0 && plan.adopt.length === 0) return []
  const fresh = Array.from({ length: plan.launch }, () => newId('wrk', clock.now()))
  const since = isoTime(clock.now())
  const committed = await lease.change(
    (intents) => {
      const next = { ...intents }
      for (const id of fresh) next[id] = { state: 'planned', driver: driver.name, since }
      for (const id of plan.adopt) {
        const intent = next[id]
        if (intent) next[id] = { ...intent, state: 'up' }
      }
      return next
    },
    (intents) => fresh.length > 0 && fresh.every((id) => id in intents),
    signal,
  )
  if (!committed) return []
  if (fresh.length > 0) log.info({ machines: fresh, reason: plan.reason }, 'launching machines')
  return fresh
}

async function launch(
  { driver, observer, log }: CarryOutContext,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (ids.length === 0) return
  try {
    const results = await driver.launch(ids, signal)
    observer.noteLaunches(results)
    for (const result of results) {
      if (result.outcome !== 'failed') continue
      const { kind, reason } = result.failure
      log.warn({ machine: result.id, kind, reason }, 'a machine could not be launched')
    }
  } catch (error) {
    signal?.throwIfAborted()
    log.warn({ err: error }, 'the provider cannot be asked; the intents stand, and are launched again')
  }
}

async function condemn(
  context: CarryOutContext,
  { id, reason }: Named,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { store, observer, log, onLoss } = context
  const seen = observer.found(id)
  if (!seen) return
  const condemned = await condemnWorker(store, seen, reason, signal)
  if (condemned.outcome === 'alive') return
  log.warn({ workerId: id, jobId: seen.value.job, reason }, 'condemned a worker')
  if (seen.value.job !== undefined) onLoss?.(seen.value.job)
}

async function drain(context: CarryOutContext, id: string, signal: AbortSignal | undefined): Promise<void> {
  const { store, observer, log } = context
  const seen = observer.found(id)
  if (seen && (await drainWorker(store, seen, signal))) log.info({ workerId: id }, 'draining an idle worker')
}

/**
 * A machine of ours without an intent. Its worker's record is final, or was never made: its place is occupied
 * first. Should a worker live there all the same (the fleet's record was lost), it gets an intent instead (P7).
 */
async function reap(context: CarryOutContext, id: string, signal: AbortSignal | undefined): Promise<void> {
  const { driver, lease, clock, log } = context
  const place = await occupyPlace(context, id, 'its machine has no intent', signal)
  if (place.outcome === 'final') {
    await driver.terminate([id], signal)
    return
  }
  const since = isoTime(clock.now())
  await lease.change(
    (intents) => ({ ...intents, [id]: { state: 'up', driver: driver.name, since } }),
    (intents) => id in intents,
    signal,
  )
  log.warn({ machine: id }, 'adopted a working machine that no intent was left of')
}

/** Deletes a final record, unless a running job still names it: its sweep must find it dead, not missing. */
async function forget(context: CarryOutContext, id: string, signal: AbortSignal | undefined): Promise<void> {
  const { store, observer } = context
  const seen = observer.found(id)?.value
  if (seen?.job !== undefined) {
    const job = await store.get<JobRecord>(jobKey(seen.job), signal)
    if (job?.value.status === 'running' && job.value.lease?.worker === id) return
  }
  await store.delete(workerKey(id), signal)
}

const named = (id: string): Named => ({ id, reason: '' })

async function each(
  { log }: CarryOutContext,
  what: string,
  items: readonly Named[],
  act: (item: Named) => Promise<unknown>,
): Promise<void> {
  await forEachLimited(items, CONCURRENCY, async (item) => {
    try {
      await act(item)
    } catch (error) {
      log.warn({ machine: item.id, err: error }, `could not ${what}; the next look tries again`)
    }
  })
}
