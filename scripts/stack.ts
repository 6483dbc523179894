import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '#shared/clock.ts'
import { ChildService } from './stack/child-service.ts'
import { retireWorkers } from './stack/retire-workers.ts'
import { type StackPlan, serviceEnvironments } from './stack/service-environments.ts'

export interface Stack {
  /** Where REST answers. */
  readonly url: string
  /** A key of the default tenant with every scope. */
  readonly key: string
  readonly keyFile: string
  readonly logsFolder: string
  /** Rejects when a service ends that nobody stopped; never resolves. */
  readonly failed: Promise<never>
  /** Pids of the services, by name. The master's workers come and go, and are not among them. */
  readonly pids: Readonly<Record<string, number | undefined>>
  /** Stops everything in order and leaves no process behind, workers included. Safe to call twice. */
  stop(): Promise<void>
  /** Kills everything at once. */
  kill(): void
}

// Before the master ends it ends its workers, which have 10 s to hand their jobs back and 5 more to die.
const GRACE_MS = 20_000
const READY_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 50

/**
 * Starts the whole service on this machine, each part a process of its own: the embedded store and queue
 * (localcloud), the frontend, and a master that launches workers as processes. Resolves when the frontend says that
 * it is ready. Whatever was started is stopped again when this rejects.
 */
export async function startStack(plan: StackPlan, signal: AbortSignal): Promise<Stack> {
  const logsFolder = path.join(plan.dataFolder, 'logs')
  const set = await serviceEnvironments(plan)
  const services: ChildService[] = []
  const reaper = startReaper(plan.dataFolder)
  const launch = (name: 'localcloud' | 'frontend' | 'master') => {
    const script = `services/${name}/main.ts`
    const service = new ChildService({ name, script, environment: set[name], logsFolder })
    services.push(service)
    if (service.pid !== undefined) reaper.stdin.write(`${name} ${service.pid}\n`)
    return service
  }
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= stopAll(services, plan).finally(() => reaper.kill('SIGKILL'))
    return stopping
  }
  try {
    // In this order: the others create their buckets and queue in the first.
    await untilAnswering(launch('localcloud'), set.storeUrl, signal, () => true)
    const frontend = launch('frontend')
    const master = launch('master')
    await untilAnswering(frontend, `${set.url}/health/ready`, signal, (response) => response.ok)
    const failed = Promise.race(services.map(endedBySurprise))
    failed.catch(() => {}) // whoever does not wait for it is told by stop()
    return {
      url: set.url,
      key: await set.readKey(),
      keyFile: set.keyFile,
      logsFolder,
      failed,
      pids: Object.fromEntries([...services, master].map(({ name, pid }) => [name, pid])),
      stop,
      kill: () => killAll(services),
    }
  } catch (error) {
    await stop()
    throw error
  }

  async function endedBySurprise(service: ChildService): Promise<never> {
    const how = await service.exited
    if (stopping) return new Promise(() => {})
    throw new Error(`${how}. The end of ${service.logFile}:\n${service.lastLines()}`)
  }
}

/** Watches over this process, and stops the services should it die without having done so. */
function startReaper(dataFolder: string) {
  const script = fileURLToPath(new URL('stack/reaper.ts', import.meta.url))
  const reaper = spawn(process.execPath, [script, dataFolder, String(GRACE_MS)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  reaper.unref()
  // It may be killed while we write to it: then there is nothing left to tell it.
  reaper.stdin.on('error', () => {})
  return reaper
}

/** First who takes work, then who makes workers, then the workers, and what they all need last. */
async function stopAll(services: readonly ChildService[], plan: StackPlan): Promise<void> {
  const byName = (name: string) => services.find((service) => service.name === name)
  await Promise.all([byName('frontend')?.stop(GRACE_MS), byName('master')?.stop(GRACE_MS)])
  await retireWorkers(plan.dataFolder, GRACE_MS)
  await byName('localcloud')?.stop(GRACE_MS)
}

function killAll(services: readonly ChildService[]): void {
  for (const service of services) service.kill()
}

async function untilAnswering(
  service: ChildService,
  url: string,
  signal: AbortSignal,
  isReady: (response: Response) => boolean,
): Promise<void> {
  const untilMs = performance.now() + READY_WITHIN_MS
  let last = 'it did not answer'
  while (performance.now() < untilMs) {
    if (!service.running) {
      throw new Error(`${await service.exited}. The end of ${service.logFile}:\n${service.lastLines()}`)
    }
    try {
      const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) })
      const text = await response.text()
      if (isReady(response)) return
      last = `it answered ${response.status} ${text.slice(0, 500)}`
    } catch (error) {
      signal.throwIfAborted()
      last = error instanceof Error ? error.message : String(error) // not listening yet
    }
    await systemClock.sleep(LOOK_EVERY_MS, signal)
  }
  throw new Error(
    `${service.name} was not ready within ${READY_WITHIN_MS / 1000} s: ${last}. The end of ${service.logFile}:\n${service.lastLines()}`,
  )
}
