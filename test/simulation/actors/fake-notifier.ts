import type { Notifier } from '#shared/jobs/notifier.ts'
import type { Actor } from '../engine/actor.ts'
import type { Scene } from '../scene.ts'

/** A webhook's receiver that fails, refuses, or answers so that nobody hears it. */
export function fakeNotifier(actor: Actor, scene: Scene): Notifier {
  const { chance, faults, told, tally } = scene
  return {
    deliver: (_job, _notify, event, signal) =>
      actor.call({
        what: () => `tells ${event.id}`,
        signal,
        perform: async () => {
          const fate = faults.isOn
            ? chance.weighted({ taken: 7, failed: 2, unheard: 1, refused: 0.5 })
            : 'taken'
          tally.count(`webhook ${fate}`)
          if (fate === 'refused') return { outcome: 'refused', reason: '410 Gone' }
          if (fate !== 'failed') told.set(event.id, (told.get(event.id) ?? 0) + 1)
          return fate === 'taken'
            ? { outcome: 'delivered' }
            : { outcome: 'failed', reason: 'it did not answer' }
        },
      }),
    nextTryMs: (attempts) => (attempts < 4 ? 5_000 * attempts : undefined),
  }
}
