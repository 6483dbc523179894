import { Readable } from 'node:stream'
import { retain } from '#shared/jobs/retention.ts'
import { Sweep } from '#shared/jobs/sweep.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { beginUpload } from '../../services/frontend/operations/begin-upload.ts'
import { fillUpload } from '../../services/frontend/operations/fill-upload.ts'
import { Client } from './actors/client.ts'
import { contextOf, Frontends } from './actors/frontends.ts'
import { Keepers } from './actors/keepers.ts'
import { startStorm } from './actors/storm.ts'
import { Workers } from './actors/workers.ts'
import { Chance } from './engine/chance.ts'
import type { Tally } from './engine/tally.ts'
import { checkQuiet, leftOver, unfinished } from './invariants/end-state.ts'
import type { Profile } from './profiles.ts'
import { Scene } from './scene.ts'
import { disk } from './world/memory-disk.ts'
import { seedCrypto } from './world/seeded-crypto.ts'

export interface Run {
  readonly seed: number
  readonly profile: string
  /** What was broken first; `undefined` when nothing was. */
  readonly violation: string | undefined
  readonly steps: number
  /** The story, if it was asked for. */
  readonly story: readonly string[]
}

const CALM_MS = 20 * 60_000
const LOOK_EVERY_MS = 5_000
const DAY_MS = 24 * 3_600_000

/**
 * One run: a storm of faults, then calm until every job has ended and is closed, then, for some, all the days of
 * retention. The same seed gives the same run, to the last event. Chance is taken from the process while it runs,
 * so runs must not overlap.
 */
export async function runSeed(seed: number, profile: Profile, tally: Tally, isTraced = false): Promise<Run> {
  const scene = new Scene({ seed, profile, tally, isTraced })
  const own = new Chance(seed ^ 0x5eed)
  seedCrypto(own)
  disk.reset()
  const { random } = Math
  Math.random = () => own.next()
  try {
    await play(scene)
  } finally {
    Math.random = random
  }
  return {
    seed,
    profile: profile.name,
    violation: scene.ledger.violation,
    steps: scene.scheduler.steps,
    story: scene.trace.lines,
  }
}

async function play(scene: Scene): Promise<void> {
  const { profile, chance, scheduler, faults, ledger, trace } = scene
  const workers = new Workers(scene)
  const keepers = new Keepers(scene)
  const frontends = new Frontends(scene)
  for (let i = 0; i < profile.staticWorkers; i++) workers.startStatic(chance.between(0, 3_000))
  for (let i = 0; i < profile.sweepers; i++) keepers.startSweeper(chance.between(0, 7_000))
  for (let i = 0; i < profile.masters; i++) keepers.startMaster(chance.between(0, 7_000))
  for (let i = 1; i <= profile.clients; i++) {
    const uploadId = chance.is(0.7) ? await readyUpload(scene) : undefined
    const client = new Client(scene, frontends, `client ${i}`)
    client.live(uploadId).catch((error: unknown) => {
      ledger.violation ??= `defect in a client: ${error instanceof Error ? error.stack : String(error)}`
    })
  }
  startStorm(scene, workers)

  while (scheduler.nowMs < profile.stormMs) {
    if (!(await scheduler.step()) || ledger.violation) break
  }
  if (ledger.violation) return
  trace.say('the storm', () => 'is over; from here on nothing fails')
  faults.isOn = false
  for (const actor of scene.actors) actor.pausedUntilMs = Math.min(actor.pausedUntilMs, scheduler.nowMs)
  if (profile.staticWorkers + profile.masters === 0) workers.startStatic(0)
  await untilQuiet(scene)
  if (ledger.violation || !chance.is(profile.untilPurged)) return
  workers.end()
  keepers.end()
  await untilPurged(scene)
}

async function untilQuiet(scene: Scene): Promise<void> {
  const { scheduler, ledger, profile } = scene
  const endMs = profile.stormMs + CALM_MS
  for (let lookMs = 0; ; ) {
    if (!(await scheduler.step()) || ledger.violation) return
    if (scheduler.nowMs < lookMs) continue
    lookMs = scheduler.nowMs + LOOK_EVERY_MS
    const isClientDone = [...scene.actors].every((actor) => !actor.name.startsWith('client'))
    const problem = unfinished(scene) ?? (isClientDone ? undefined : 'a client is still at it')
    if (problem === undefined) {
      ledger.violation = checkQuiet(scene)
      return
    }
    if (scheduler.nowMs >= endMs) {
      ledger.violation = `${problem}, ${CALM_MS / 60_000} minutes after the last fault`
      return
    }
  }
}

/** Days go by with a sweep and a round of retention each, until nothing is left. */
async function untilPurged(scene: Scene): Promise<void> {
  const { scheduler, ledger, trace } = scene
  for (const actor of [...scene.actors]) actor.die()
  while (await scheduler.step()); // whatever was still on its way
  const keeper = scene.actor('the keeper')
  const tools = scene.equip(keeper)
  for (const days of [0, 1, 1, 8, 1, 8, 1, 8, 1, 8, 1]) {
    keeper.wallOffsetMs += days * DAY_MS
    trace.say('time', () => `${days} days go by`)
    let isDone = false
    const round = async () => {
      await new Sweep(tools).pass()
      await retain(tools)
      isDone = true
    }
    void round()
    while (!isDone && (await scheduler.step()) && !ledger.violation);
    if (ledger.violation) return
    if (leftOver(scene) === undefined) return
  }
  ledger.violation = leftOver(scene)
}

/** An upload that was made before the run began, without faults. */
async function readyUpload(scene: Scene): Promise<string> {
  const { objects: core, media } = scene
  const actor = scene.actor('setup')
  const store = new RecordStore({ objects: core, clock: actor.clock })
  const context = { ...contextOf(scene, actor), store, media }
  const caller = { tenant: 'acme', keyId: 'key', scopes: [] }
  const { id } = await beginUpload(context, caller, { fileName: 'movie.mp4' })
  await fillUpload(context, caller, id, { body: Readable.from([Buffer.from('a movie')]), announced: {} })
  actor.die()
  return id
}
