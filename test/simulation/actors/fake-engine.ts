import { ReelmillError } from '#shared/errors.ts'
import type { Engine } from '../../../services/worker/engine.ts'
import type { Actor } from '../engine/actor.ts'
import type { Scene } from '../scene.ts'
import { disk } from '../world/memory-disk.ts'

/** An engine that takes virtual time, tells its progress, fails now and then, and dies slowly when it is stopped. */
export function fakeEngine(actor: Actor, scene: Scene, workerId: string): Engine {
  const { chance, faults, profile } = scene
  let encodes = 0
  return async ({ outputDir, outputs, inputId, signal, onProgress, onWritten }) => {
    scene.ledger.workers.began(workerId)
    const maker = `${actor.name}, encode ${++encodes}`
    const ms = chance.between(0.3, 1.7) * profile.encodeMs
    const fate = faults.isOn ? chance.weighted({ good: 8, later: 1.5, never: 0.7 }) : 'good'
    const steps = 1 + chance.below(3)
    for (let step = 1; step <= steps; step++) {
      try {
        await actor.clock.sleep(ms / steps, signal)
      } catch (reason) {
        await actor.clock.sleep(chance.between(0, 3_000)) // ffmpeg is killed, and gone when this returns
        throw reason
      }
      onProgress({ phase: 'encode', ratio: step / steps })
    }
    if (faults.isOn && chance.is(profile.deadly)) {
      scene.tally.count('engine kills its worker')
      actor.say(() => 'its encode takes all memory: KILLED')
      actor.die()
      return new Promise(() => undefined)
    }
    const made = outputs.map(({ name }) => {
      const localPath = `${outputDir}/${name}.mp4`
      const body = Buffer.from(`${maker}\n${name}`)
      disk.files.set(localPath, body)
      const file = { path: `${name}.mp4`, role: 'main', sizeBytes: body.length, localPath }
      return { name, status: 'succeeded' as const, streams: [], files: [file], checks: [] }
    })
    // Its look at them takes a while, in which they may already go up, and fails some of them after all.
    if (chance.is(0.5)) {
      for (const { name, files } of made) for (const file of files) onWritten(name, file)
      await actor.clock.sleep(chance.between(0, 300), signal)
    }
    if (fate !== 'good') {
      scene.tally.count(`engine fails, ${fate}`)
      const retry = fate === 'later' ? 'later' : 'never'
      throw new ReelmillError('encode-failed', 'The simulated engine failed.', { retry, facts: { inputId } })
    }
    return {
      detected: { container: 'mp4', sizeBytes: 9, streams: [] },
      warnings: [],
      encodeSec: ms / 1000,
      verifySec: 0,
      outputs: made,
    }
  }
}
