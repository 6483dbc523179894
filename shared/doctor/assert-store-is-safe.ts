import { lookup as resolve } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { type Clock, isoTime } from '#shared/clock.ts'
import { type ProbeVerdict, probeObjects } from '#shared/doctor/probe-objects.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import type { ConditionalObjects } from '#shared/state/conditional-objects.ts'
import type { StateStore } from '#shared/state/state-store.ts'

/** The last verdict on the store that holds it. */
type Verdict = {
  readonly version: 1
  readonly endpoint: string
  readonly checkedAt: string
  readonly probes: readonly ProbeVerdict[]
}

const VERDICT_KEY = 'doctor/verdict.json'
const VALID_MS = 60 * 60_000

export interface StoreToExamine {
  readonly store: StateStore
  /** The store through the given resolver, or through the system's when there is none. */
  openObjects(lookup?: LookupFunction): ConditionalObjects
  /** The endpoint's URL; `undefined` is AWS itself. */
  readonly endpoint: string | undefined
  readonly bucket: string
}

/**
 * Refuses to go on over a store that is not safe for several writers: probes it, at most once an hour for all
 * services together (the verdict is kept in the store itself). Throws `store-unsafe` that names the store, the
 * probe that failed and what to do.
 */
export async function assertStoreIsSafe(
  target: StoreToExamine,
  context: {
    readonly clock: Clock
    readonly log: Log
    readonly signal?: AbortSignal
    readonly fresh?: boolean
  },
): Promise<readonly ProbeVerdict[]> {
  const { clock, log, signal } = context
  const endpoint = target.endpoint ?? 'AWS'
  const kept = await target.store.get<Verdict>(VERDICT_KEY, signal)
  // Only good news is kept: whoever mended a store must not wait an hour for the doctor.
  if (kept && !context.fresh && kept.value.endpoint === endpoint && isGood(kept.value, clock)) {
    return kept.value.probes
  }
  const probes = await probeObjects(await openDoors(target), signal)
  const verdict: Verdict = { version: 1, endpoint, checkedAt: isoTime(clock.now()), probes }
  if (kept) {
    await target.store.swap<Verdict>(
      kept,
      () => verdict,
      () => false,
      signal,
    )
  } else {
    await target.store.create(VERDICT_KEY, verdict, signal)
  }
  assertPassed(probes, target)
  log.info({ endpoint, bucket: target.bucket }, 'the state store keeps its promises')
  return probes
}

function assertPassed(probes: readonly ProbeVerdict[], target: StoreToExamine): void {
  const failed = probes.filter(({ passed }) => !passed)
  if (failed.length === 0) return
  throw new ReelmillError(
    'store-unsafe',
    `The store at ${target.endpoint ?? 'AWS'} (bucket ${target.bucket}) is not safe for several writers: ${failed.map(({ probe, detail }) => `${probe}: ${detail}`).join('; ')}. Use a store or version whose conditional writes are atomic (docs/protocol.md, "Stores that can be trusted"), then run \`npm run doctor\`.`,
    { facts: { endpoint: target.endpoint, bucket: target.bucket, failed } },
  )
}

function isGood(verdict: Verdict, clock: Clock): boolean {
  const ageMs = clock.now() - Date.parse(verdict.checkedAt)
  return ageMs >= 0 && ageMs < VALID_MS && verdict.probes.every(({ passed }) => passed)
}

/** One door for each address behind the endpoint's name: a cluster may be atomic only within a node. */
async function openDoors(target: StoreToExamine): Promise<[ConditionalObjects, ...ConditionalObjects[]]> {
  const whole = target.openObjects()
  if (target.endpoint === undefined) return [whole] // AWS answers for all of its addresses
  const addresses = await resolve(new URL(target.endpoint).hostname.replace(/^\[|\]$/g, ''), { all: true })
  if (addresses.length < 2) return [whole]
  return [whole, ...addresses.map((address) => target.openObjects(pinned(address)))]
}

function pinned(address: { readonly address: string; readonly family: number }): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all) callback(null, [address])
    else callback(null, address.address, address.family)
  }
}
