import type { Actor } from '../engine/actor.ts'
import type { StormEvent } from '../profiles.ts'
import type { Scene } from '../scene.ts'
import type { Workers } from './workers.ts'

const MOST_JUMP_MS = 10 * 60_000

/** What befalls whole actors: one event after the other, as often as the profile says, until the storm is over. */
export function startStorm(scene: Scene, workers: Workers): void {
  const { chance, scheduler, profile } = scene
  const perMinute = Object.values(profile.events).reduce((sum, rate) => sum + rate, 0)
  const next = () => {
    const waitMs = (-Math.log(1 - chance.next()) * 60_000) / perMinute
    scheduler.after(waitMs, undefined, () => {
      if (!scene.faults.isOn) return
      const event = chance.weighted<StormEvent>(profile.events)
      if (event) strike(scene, workers, event)
      next()
    })
  }
  next()
}

function strike(scene: Scene, workers: Workers, event: StormEvent): void {
  const { chance, scheduler, faults, tally, trace, queue } = scene
  const victim = pick(scene, [...scene.actors].filter(isService))
  const now = scheduler.nowMs
  const say = (who: string, what: string) => {
    tally.count(`storm ${event}`)
    trace.say(who, () => what)
  }
  switch (event) {
    case 'crash':
      if (!victim) return
      say(victim.name, 'CRASHES')
      victim.die()
      return
    case 'pause': {
      if (!victim) return
      const ms = chance.is(0.5) ? chance.between(1_000, 20_000) : chance.between(...scene.profile.longPauseMs)
      say(victim.name, `is PAUSED for ${Math.round(ms / 1000)} s`)
      victim.pausedUntilMs = Math.max(victim.pausedUntilMs, now + ms)
      return
    }
    case 'outage': {
      const ms = chance.between(5_000, 60_000)
      say('stores and queue', `are AWAY for ${Math.round(ms / 1000)} s`)
      faults.outageUntilMs = now + ms
      return
    }
    case 'wall clock jump': {
      if (!victim) return
      // News that is to be told again waits for the wall clock that its time was written by: at most so long.
      const ms = chance.between(-1, 1) * (chance.is(0.5) ? 30_000 : MOST_JUMP_MS)
      say(victim.name, `its wall clock JUMPS by ${Math.round(ms / 1000)} s`)
      victim.wallOffsetMs = ms
      return
    }
    case 'queue purge':
      say('the queue', 'is PURGED')
      queue.purge()
      return
    case 'interrupt': {
      const worker = pick(scene, [...workers.alive.values()])
      if (!worker) return
      const graceMs = chance.pick([2_000, 10_000, 120_000])
      say(worker.actor.name, `is INTERRUPTED, and killed in ${graceMs / 1000} s`)
      worker.interrupt()
      scheduler.after(graceMs, undefined, () => worker.actor.die())
      return
    }
    case 'machine death': {
      const worker = pick(
        scene,
        [...workers.alive.values()].filter((candidate) => !candidate.isStatic),
      )
      if (!worker) return
      say(worker.actor.name, 'its machine DIES')
      worker.actor.die()
      return
    }
  }
}

const isService = (actor: Actor): boolean => !actor.name.startsWith('client')

const pick = <T>({ chance }: Scene, items: readonly T[]): T | undefined => items[chance.below(items.length)]
