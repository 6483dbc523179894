import { type BreakerMemory, type FleetPolicy, isFinalState, type Named, type Snapshot } from './snapshot.ts'

const FAILURES_TO_OPEN = 3
const FIRST_PAUSE_MS = 30_000
const LONGEST_PAUSE_MS = 15 * 60_000

/**
 * Keeps a fleet whose machines do not come up from launching for ever.
 *
 * closed (fewer than three failures in a row) -> open (nothing is launched, twice as long each time) -> half open
 * (one machine is tried) -> closed when its worker proves itself, open again when it fails.
 */
export function breaker(
  snapshot: Pick<Snapshot, 'intents' | 'workers' | 'memory'>,
  failed: readonly Named[],
  policy: Pick<FleetPolicy, 'provenMs'>,
  nowMs: number,
): { readonly memory: BreakerMemory; readonly mayLaunch: number; readonly paused?: string } {
  const before = snapshot.memory.breaker
  const unproven = new Set(before.unproven)
  const proven = snapshot.workers.filter((w) => unproven.has(w.id) && w.ageMs >= policy.provenMs)
  // Each boot fails once, in however many looks its failure is seen.
  const failures = failed.filter(({ id }) => unproven.has(id))
  const decided = new Set([...proven, ...failures].map(({ id }) => id))
  const grown = snapshot.workers.filter((w) => w.ageMs >= policy.provenMs || isFinalState(w))
  const known = new Set([...grown, ...failed].map(({ id }) => id))
  const stillUnproven = snapshot.intents
    .map(({ id }) => id)
    .filter((id) => !decided.has(id) && !known.has(id))

  const count = (proven.length > 0 ? 0 : before.failures) + failures.length
  const reason = failures.at(-1)?.reason ?? before.lastReason
  const openUntilMs =
    count < FAILURES_TO_OPEN
      ? undefined
      : failures.length > 0
        ? nowMs + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - FAILURES_TO_OPEN))
        : before.openUntilMs
  const memory: BreakerMemory = {
    failures: count,
    unproven: stillUnproven,
    ...(openUntilMs !== undefined && { openUntilMs }),
    ...(count > 0 && reason !== undefined && { lastReason: reason }),
  }
  if (openUntilMs === undefined) return { memory, mayLaunch: Number.POSITIVE_INFINITY }
  if (nowMs < openUntilMs) {
    const paused = `${count} boots in a row failed (${reason}); the next try is in ${Math.ceil((openUntilMs - nowMs) / 1000)} s`
    return { memory, mayLaunch: 0, paused }
  }
  return {
    memory,
    mayLaunch: Math.max(0, 1 - stillUnproven.length),
    paused: `${count} boots in a row failed (${reason}); one machine is tried`,
  }
}
