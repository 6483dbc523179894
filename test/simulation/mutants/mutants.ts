import type { ProfileName } from '../profiles.ts'
import type { Patch } from '../world/load-world.ts'

export interface Mutant {
  /** The part of the protocol whose rule is broken, and how. */
  readonly name: string
  /** The hole of docs/protocol.md that opens, if it has a number. */
  readonly hole?: 'H1' | 'H2' | 'H3' | 'H4' | 'H5' | 'H6' | 'H7'
  readonly patches: readonly Patch[]
  readonly profile: ProfileName
  /** What must be found broken. */
  readonly breaks: RegExp
  /** So many seeds find it with a wide margin. */
  readonly seeds?: number
}

const patch = (file: string, search: string, replace: string): Patch => ({ file, search, replace })

const lease = 'services/worker/lease.ts'
const settle = 'services/worker/settle.ts'
const attempt = 'services/worker/attempt.ts'
const bells = 'services/worker/worker.ts'
const registration = 'services/worker/registration.ts'
const store = 'shared/state/record-store.ts'
const sweep = 'shared/jobs/sweep.ts'
const expire = 'shared/jobs/expire-lease.ts'
const submit = 'shared/jobs/submit-job.ts'
const carryOut = 'services/master/carry-out.ts'
const giveUp = 'services/master/give-up.ts'
const upkeep = 'services/master/upkeep.ts'

const job: readonly Mutant[] = [
  {
    name: 'job: settle fate by writeId (undecided is taken for lost)',
    hole: 'H1',
    profile: 'settling',
    breaks: /^(I1|H2)/,
    patches: [
      patch(
        settle,
        'if (job && (job.lease?.id === lease.leaseId || job.result?.leaseId === lease.leaseId)) return',
        'if (job && job.result?.leaseId === lease.leaseId) return',
      ),
      patch(
        attempt,
        'while (!registration.dismissed.aborted) {',
        'for (let once = true; once; once = false) {',
      ),
    ],
  },
  {
    name: 'job: settle fate by writeId once the record has moved',
    hole: 'H1',
    profile: 'settling',
    breaks: /^I1/,
    patches: [
      patch(
        settle,
        'if (job && (job.lease?.id === lease.leaseId || job.result?.leaseId === lease.leaseId)) return',
        'if (job && job.lease?.id === lease.leaseId) return',
      ),
      patch(attempt, 'job?.result?.leaseId !== lease.leaseId', "!job || job.delivery.status === 'delivered'"),
    ],
  },
  {
    name: 'job: an unchanged ETag means lost',
    hole: 'H1',
    profile: 'settling',
    breaks: /^H2/,
    patches: [
      patch(
        store,
        'if (seen.etag === current.etag)\n',
        "if (seen.etag === current.etag) return { outcome: 'lost', found: seen }\n",
      ),
    ],
  },
  {
    name: 'job: 412 on settle means lost',
    hole: 'H2',
    profile: 'lease',
    breaks: /^H2/,
    patches: [
      patch(
        store,
        'if (isDone(seen.value)) return {',
        "if (answer.kind === 'refused' && !isDone(seen.value)) return { outcome: 'lost', found: seen }\n      if (isDone(seen.value)) return {",
      ),
    ],
  },
  {
    name: 'job: lease fate by fence only',
    hole: 'H3',
    profile: 'leasing',
    // Two workers under one fence: it is seen, or one of them deletes what the other has published.
    breaks: /^(I1|I2|H2)/,
    patches: [
      patch(
        lease,
        '(current) => current.lease?.id === leaseId,',
        "(current) => current.status === 'running' && current.fence === job.fence + 1,",
      ),
    ],
  },
  {
    name: 'job: requeue forgets the cancel wish',
    profile: 'rough',
    breaks: /^I4/,
    patches: [
      patch(
        'shared/jobs/transition.ts',
        "return job.cancelRequestedAt ? ended(job, 'canceled', ending) : { ...job, status: 'queued' }",
        "return { ...job, status: 'queued' }",
      ),
    ],
  },
  {
    name: 'job: lease timed out, expiry watches only the worker',
    hole: 'H3',
    profile: 'leasing',
    breaks: /^L1/,
    patches: [
      patch(
        expire,
        'if (worker.leaseId !== leaseId) return',
        'if (worker.leaseId === leaseId && false) return',
      ),
    ],
  },
  {
    name: 'job: no sweep, message lost',
    profile: 'lease',
    breaks: /^L1/,
    patches: [patch(sweep, 'if (pass.depth === undefined || pass.depth > SHALLOW) return', 'return')],
  },
  {
    name: 'job: no sweep, message fence is a filter (only the first fence is rung for)',
    profile: 'rough',
    breaks: /^L1/,
    patches: [
      patch(
        sweep,
        "if (job.status === 'queued') return",
        "if (job.status === 'queued' && job.fence === 0) return",
      ),
    ],
  },
  {
    name: 'job: no sweep, acknowledge after lease',
    profile: 'lease',
    breaks: /^L1/,
    patches: [
      patch(sweep, "if (job.status === 'running') return", "if (job.status === 'running' && false) return"),
    ],
  },
]

const submitting: readonly Mutant[] = [
  {
    name: 'submit: record before the key',
    profile: 'submit',
    breaks: /^I6/,
    patches: [
      patch(
        submit,
        '  if (idempotency) {\n',
        '  const claim = async () => {\n    if (!idempotency) return\n',
      ),
      patch(submit, '\n  try {\n    await queue.send(', '\n  await claim()\n  try {\n    await queue.send('),
    ],
  },
  {
    name: 'submit: key first, replay trusts it',
    profile: 'submit',
    breaks: /^P1/,
    patches: [
      patch(
        submit,
        '  if (existing) return existing\n',
        "  if (existing) return existing\n  if (jobId !== ownId) return { key: jobKey(jobId), etag: '', value: newRecord(jobId, job, clock) as never }\n",
      ),
    ],
  },
  {
    name: 'submit: hint after the record',
    hole: 'H4',
    profile: 'submit',
    breaks: /^I5/,
    patches: [
      patch(submit, '  await store.putHint(openHintKey(job.tenant, jobId))\n', ''),
      patch(
        submit,
        '\n  try {\n    await queue.send(',
        '\n  await store.putHint(openHintKey(job.tenant, jobId))\n  try {\n    await queue.send(',
      ),
    ],
  },
  {
    name: 'submit: sweep deletes hints without a record',
    hole: 'H4',
    profile: 'submit',
    breaks: /^I5/,
    patches: [
      patch(
        sweep,
        "    await store.putHint(expiryHintKey(clock.now(), 'job', hint.jobId))\n",
        '    if (hint) return store.delete(openHintKey(hint.tenant, hint.jobId))\n',
      ),
    ],
  },
  {
    name: 'submit: hard deletion',
    hole: 'H5',
    profile: 'submit',
    breaks: /^I7/,
    patches: [
      patch(
        'shared/jobs/retention.ts',
        '  await clearGrave(context, burial.tombstone)\n',
        '  await clearGrave(context, burial.tombstone)\n  await store.delete(found.key)\n',
      ),
    ],
  },
]

const index: readonly Mutant[] = [
  {
    name: 'index: hints per status, moved after the swap',
    hole: 'H4',
    profile: 'lease',
    breaks: /^I5/,
    patches: [
      patch(
        bells,
        "import { messageOf } from '#shared/errors.ts'",
        "import { messageOf } from '#shared/errors.ts'\nimport { openHintKey } from '#shared/jobs/keys.ts'",
      ),
      patch(
        bells,
        "      log.info({ fence: lease.fence }, 'took the job')\n",
        '      await context.store.delete(openHintKey(lease.found.value.tenant, bell.jobId))\n',
      ),
    ],
  },
  {
    name: 'index: hints per status, written before the swap',
    hole: 'H4',
    profile: 'lease',
    breaks: /^I5/,
    patches: [
      patch(
        lease,
        "import { jobKey } from '#shared/jobs/keys.ts'",
        "import { jobKey, openHintKey } from '#shared/jobs/keys.ts'",
      ),
      patch(
        lease,
        '  try {\n    const swapped',
        '  await store.delete(openHintKey(job.tenant, job.id))\n  try {\n    const swapped',
      ),
    ],
  },
]

const drain: readonly Mutant[] = [
  {
    name: 'drain: j then w',
    profile: 'lease',
    breaks: /^I9/,
    patches: [
      patch(lease, "  if (!(await registration.takeUp(work))) return { outcome: 'draining' }\n", ''),
      patch(
        lease,
        "    if (swapped.outcome === 'done') {\n",
        "    if (swapped.outcome === 'done' && (await registration.takeUp(work))) {\n",
      ),
    ],
  },
  {
    name: 'drain: terminate a silent worker without condemning it',
    profile: 'waking',
    breaks: /^I8/,
    patches: [
      patch(
        carryOut,
        '  const condemned = await condemnWorker(store, seen, reason, signal)\n',
        '  await context.driver.terminate([id], signal)\n  const condemned = await condemnWorker(store, seen, reason, signal)\n',
      ),
    ],
  },
  {
    name: 'drain: expiry reads w then j',
    profile: 'lease',
    breaks: /^P4/,
    patches: [
      patch(
        sweep,
        '    const workers = await this.#lookAtWorkers(signal)\n',
        `    const workers = await this.#lookAtWorkers(signal)
    const early = new Map()
    for (const id of workers.keys()) early.set(id, await this.#d.store.get('w/' + id + '.json'))
    globalThis.early = early\n`,
      ),
      patch(
        expire,
        'await store.get<WorkerRecord>(workerKey(lease.worker))',
        'globalThis.early.get(lease.worker) ?? (await store.get<WorkerRecord>(workerKey(lease.worker)))',
      ),
    ],
  },
  {
    name: 'drain: w freed before j is settled',
    hole: 'H2',
    profile: 'lease',
    breaks: /^(H2|P4)/,
    patches: [
      patch(
        attempt,
        '    const job = settlement && (await settleStubbornly(',
        '    await registration.layDown()\n    const job = settlement && (await settleStubbornly(',
      ),
    ],
  },
  {
    name: 'drain: drained is not final',
    profile: 'fleet',
    breaks: /^(I8|L2|L1|P7|I10)/,
    patches: [
      patch(
        'shared/workers/worker-record.ts',
        "worker.state === 'drained' || worker.state === 'condemned'",
        "worker.state === 'condemned'",
      ),
    ],
  },
  {
    name: 'drain: walks away from an undecided lease, lease id = fence',
    hole: 'H3',
    profile: 'leasing',
    breaks: /^(I1|I2|P4|H2|I9)/,
    patches: [
      patch(lease, 'const leaseId = newSecret(16)', 'const leaseId = `$' + '{job.id}.$' + '{job.fence + 1}`'),
      patch(
        store,
        'if (seen.etag === current.etag)\n',
        "if (seen.etag === current.etag) return { outcome: 'lost', found: seen }\n",
      ),
    ],
  },
]

const givesUpWithoutOccupying = patch(
  giveUp,
  '  const place = await occupyPlace(context, id, reason, signal)\n',
  "  const place = { outcome: 'final' }\n",
)

const fleet: readonly Mutant[] = [
  {
    name: 'fleet: launch before the intent',
    hole: 'H6',
    profile: 'fleet',
    breaks: /^(I10|H6|L2)/,
    patches: [
      patch(
        carryOut,
        '  const since = isoTime(clock.now())\n  const committed',
        '  if (fresh.length > 0) await driver.launch(fresh, signal)\n  const since = isoTime(clock.now())\n  const committed',
      ),
    ],
  },
  {
    name: 'fleet: a fresh token a call',
    hole: 'H6',
    profile: 'fleet',
    breaks: /^(I10|H6|L2)/,
    patches: [
      patch(
        carryOut,
        'await launch(context, [...launching, ...plan.launchAgain], signal)',
        "await launch(context, [...launching, ...plan.launchAgain].map(() => newId('wrk', context.clock.now())), signal)",
      ),
    ],
  },
  {
    name: 'fleet: the reaper reads state, then lists, and trusts it',
    hole: 'H6',
    profile: 'waking',
    breaks: /^I8/,
    patches: [
      patch(
        'services/master/fleet.ts',
        `    const machines = await driver.list(signal)
    const fleet = await lease.read(signal)
    if (!fleet) return undefined\n`,
        `    const fleet = await lease.read(signal)
    if (!fleet) return undefined
    const machines = await driver.list(signal)\n`,
      ),
      patch(
        carryOut,
        "  const place = await occupyPlace(context, id, 'its machine has no intent', signal)\n",
        "  const place = { outcome: 'final' }\n",
      ),
    ],
  },
  {
    name: 'fleet: forgets an intent, no admission',
    hole: 'H6',
    profile: 'fleet',
    breaks: /^(H6|I10|I8)/,
    patches: [
      givesUpWithoutOccupying,
      patch(
        registration,
        'if (found.value.bootId !== identity.bootId) {',
        'if (found.value.bootId === undefined) {',
      ),
    ],
  },
  {
    name: 'fleet: forgets an intent, admission without occupying',
    hole: 'H6',
    profile: 'fleet',
    breaks: /^(H6|I10|I8)/,
    patches: [givesUpWithoutOccupying],
  },
  {
    name: 'fleet: drops an adopted machine that the list does not show',
    hole: 'H6',
    profile: 'fleet',
    breaks: /^(P7|I8)/,
    patches: [
      patch(
        upkeep,
        'const reason = ended ?? silence(worker, policy.leaseMs)\n',
        "const reason = ended ?? silence(worker, policy.leaseMs) ?? (machine ? undefined : 'not listed')\n",
      ),
    ],
  },
  {
    name: 'fleet: bodies without writeId',
    hole: 'H6',
    profile: 'waking',
    breaks: /^(P7|I10|I8|the epoch|H6)/,
    patches: [patch(store, 'writeId: randomUUID()', "writeId: 'same' + randomUUID().slice(99)")],
  },
  {
    name: 'fleet: giving up is not resumable',
    hole: 'H6',
    profile: 'fleet',
    breaks: /^L2/,
    patches: [patch(upkeep, 'if (worker && isFinalState(worker)) {', "if (worker?.state === 'drained') {")],
  },
  {
    name: 'fleet: drops an intent without consuming its token',
    hole: 'H7',
    profile: 'launching',
    breaks: /^H7/,
    patches: [patch(giveUp, 'if (driver.remembersTokens) {', 'if (driver.remembersTokens && false) {')],
  },
]

/**
 * One mutant for each shorter way that the protocol could have gone, and for each hole H1 to H7. Where two guards of
 * the code stand for one rule, the mutant takes both away: each alone would hide the hole that the other leaves.
 */
export const mutants: readonly Mutant[] = [...job, ...submitting, ...index, ...drain, ...fleet]
