import { parseJobHint } from '#shared/jobs/keys.ts'
import type { Scene } from '../scene.ts'

/**
 * What keeps a run from being quiet: L1 (every job has ended and is closed) and L2 (machines are the live intents).
 * `undefined` when nothing does.
 */
export function unfinished(scene: Scene): string | undefined {
  const { ledger, driver } = scene
  for (const key of ledger.entries.keys()) {
    if (!key.startsWith('x/open/')) continue
    const job = ledger.jobs.current.get(parseJobHint(key)?.jobId ?? '')
    return `L1: ${key} is still there; its record is ${job ? describe(job) : 'missing'}`
  }
  const intents = new Set(Object.keys(ledger.workers.fleet?.intents ?? {}))
  const stray = driver.alive.find((id) => !intents.has(id))
  if (stray !== undefined) return `L2: the machine ${stray} lives without an intent`
  const dead = [...intents].find((id) => !driver.alive.includes(id))
  if (dead !== undefined) return `L2: the intent ${dead} has no machine`
  const surplus = driver.alive[0]
  return surplus === undefined ? undefined : `L2: the machine ${surplus} lives although nothing is to be done`
}

/** What must hold once a run is quiet. */
export function checkQuiet(scene: Scene): string | undefined {
  const { ledger, media, mediaLedger, told } = scene
  for (const job of ledger.jobs.current.values()) {
    if (job.kind !== 'job') continue
    if (job.delivery.status === 'delivered') {
      const eventId = `${job.id}.${job.fence}.job.${job.status}`
      if (!told.has(eventId)) return `P5: ${eventId} is marked as delivered and nobody heard of it`
    }
  }
  for (const key of media.keys) {
    if (!key.startsWith('out/') || mediaLedger.isPublished(key)) continue
    const [, , jobId = ''] = key.split('/')
    // What is buried, or came too late for everyone who tidied, is found by retention.
    if (ledger.jobs.current.get(jobId)?.kind !== 'job') continue
    if (mediaLedger.late.has(key.split('/').slice(0, 3).join('/'))) continue
    return `L1: ${key} is left over, and no job published it`
  }
  return undefined
}

/** What is left when everything has outlived its retention; nothing but the records of workers and fleet may be. */
export function leftOver(scene: Scene): string | undefined {
  const { ledger, media } = scene
  const key = [...scene.objects.snapshot().keys()].find((name) => !/^(w|fleet|t)\//.test(name))
  if (key !== undefined) return `${key} (${ledger.entries.get(key)}) is never deleted`
  const movie = media.keys[0] ?? media.unfinished[0]
  return movie === undefined ? undefined : `${movie} is never deleted from the media bucket`
}

function describe(job: { kind: string; status?: string; delivery?: { status: string } }): string {
  return job.kind === 'job' ? `${job.status}, delivery ${job.delivery?.status}` : job.kind
}
