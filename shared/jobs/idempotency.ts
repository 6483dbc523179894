import { type Clock, isoTime } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { expiryHintKey, idempotencyKey } from '#shared/jobs/keys.ts'
import type { JobTimes } from '#shared/jobs/times.ts'
import type { StateStore } from '#shared/state/state-store.ts'

/** What a key stands for: the id that its first request was given, and what that request was. */
export type IdempotencyRecord = {
  readonly version: 1
  readonly id: string
  readonly requestSha256: string
  readonly createdAt: string
}

/**
 * Claims an idempotency key for `id`, or finds it claimed: the answer is the id that the key stands for, and
 * the caller goes on with that one (I6: one key, one job).
 *
 * Throws `idempotency-mismatch` when the key was used for another request.
 */
export async function claimIdempotencyKey(
  context: { readonly store: StateStore; readonly clock: Clock; readonly times: JobTimes },
  claim: {
    readonly tenant: string
    readonly operation: string
    readonly key: string
    readonly id: string
    readonly requestSha256: string
  },
): Promise<string> {
  const { store, clock, times } = context
  const at = idempotencyKey(claim.tenant, claim.operation, claim.key)
  const now = clock.now()
  // The hint first, so that no record can outlive its day unseen.
  await store.putHint(
    expiryHintKey(now + times.idempotencyLifeMs, 'idem', at.slice('idem/'.length).replace('/', '~')),
  )
  const { found } = await store.create<IdempotencyRecord>(at, {
    version: 1,
    id: claim.id,
    requestSha256: claim.requestSha256,
    createdAt: isoTime(now),
  })
  if (found.value.requestSha256 === claim.requestSha256) return found.value.id
  throw new ReelmillError(
    'idempotency-mismatch',
    'This idempotency key was used with another request in the last 24 hours. Use a new key for a new request.',
  )
}
