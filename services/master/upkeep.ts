import {
  type FleetPolicy,
  type IntentSight,
  isFinalState,
  type Named,
  type Snapshot,
  type WorkerSight,
} from './snapshot.ts'

/** What the protocol demands, whatever the load is. docs/protocol.md, "The fleet". */
export interface Upkeep {
  readonly launchAgain: readonly string[]
  readonly adopt: readonly string[]
  readonly condemn: readonly Named[]
  readonly giveUp: readonly Named[]
  /** Those of `giveUp` and `condemn` whose machine did not come up as it should. */
  readonly failedBoots: readonly Named[]
  readonly reap: readonly string[]
  readonly forget: readonly string[]
}

/** Pure: sorts every intent, worker and machine by what is to be done about it. */
export function upkeep(snapshot: Snapshot, policy: FleetPolicy): Upkeep {
  const plan = {
    launchAgain: [] as string[],
    adopt: [] as string[],
    condemn: [] as Named[],
    giveUp: [] as Named[],
    failedBoots: [] as Named[],
    reap: [] as string[],
    forget: [] as string[],
  }
  const workers = new Map(snapshot.workers.map((w) => [w.id, w]))
  const machines = new Map(snapshot.machines.map((m) => [m.id, m]))
  const intents = new Set(snapshot.intents.map((i) => i.id))

  for (const intent of snapshot.intents) {
    const { id } = intent
    const worker = workers.get(id)
    const machine = machines.get(id)
    const ended =
      machine?.state === 'ended' ? `its machine has ended (${machine.detail ?? 'unknown'})` : undefined
    if (worker && isFinalState(worker)) {
      plan.giveUp.push({ id, reason: `its worker is ${worker.state}` })
    } else if (worker) {
      const reason = ended ?? silence(worker, policy.leaseMs)
      if (reason !== undefined) {
        plan.condemn.push({ id, reason })
        if (ended && worker.ageMs < policy.provenMs) plan.failedBoots.push({ id, reason })
      } else if (intent.state === 'planned') plan.adopt.push(id)
    } else {
      const reason = ended ?? whyHopeless(intent, policy)
      if (reason !== undefined) {
        plan.giveUp.push({ id, reason })
        // No room is nobody's failed boot: it only means to wait.
        if (intent.failure?.kind !== 'capacity') plan.failedBoots.push({ id, reason })
      } else if (intent.state === 'planned') (machine ? plan.adopt : plan.launchAgain).push(id)
    }
  }

  for (const worker of snapshot.workers) {
    if (intents.has(worker.id)) continue
    if (isFinalState(worker)) {
      if (worker.silentMs >= policy.keepRecordsMs && !machines.has(worker.id)) plan.forget.push(worker.id)
      continue
    }
    // A static worker is nobody's to reap. After a long silence its record alone is closed; a heartbeat wins.
    const reason = silence(worker, worker.static ? policy.keepRecordsMs : policy.leaseMs)
    if (reason !== undefined) plan.condemn.push({ id: worker.id, reason })
  }
  for (const { id } of snapshot.machines) if (!intents.has(id)) plan.reap.push(id)
  return plan
}

const silence = (worker: WorkerSight, limitMs: number): string | undefined =>
  worker.silentMs >= limitMs ? `silent for ${Math.round(worker.silentMs / 1000)} s` : undefined

/** Why a machine without a worker will not get one; `undefined` while there is hope. */
function whyHopeless(intent: IntentSight, policy: FleetPolicy): string | undefined {
  const { failure, ageMs } = intent
  if (failure?.kind === 'capacity' || failure?.kind === 'not-found') return failure.reason
  if (ageMs < policy.bootDeadlineMs) return undefined
  return `no worker registered within ${Math.round(ageMs / 1000)} s${failure ? ` (${failure.reason})` : ''}`
}
