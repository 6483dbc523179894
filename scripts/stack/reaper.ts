import { text } from 'node:stream/consumers'
import { systemClock } from '#shared/clock.ts'
import { retireWorkers } from './retire-workers.ts'

// A process of its own that a stack starts beside its services: should the stack die without stopping them (kill -9,
// a crash), its end of the pipe closes, and this one stops them in the same order instead.
//
// node reaper.ts <data folder> <grace in ms>, and on stdin a line `<name> <pid>` for each service.

const LOOK_EVERY_MS = 50
const [dataFolder = '', grace = '0'] = process.argv.slice(2)
const graceMs = Number(grace)

// A Ctrl-C or a closing terminal is for the stack to handle; this one waits for the pipe.
for (const name of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(name, () => {})

const pids = new Map<string, number>()
for (const line of (await text(process.stdin)).trim().split('\n')) {
  const [name = '', pid] = line.split(' ')
  pids.set(name, Number(pid))
}
await Promise.all([stop('frontend'), stop('master')])
await retireWorkers(dataFolder, graceMs)
await stop('localcloud')

async function stop(name: string): Promise<void> {
  const pid = pids.get(name)
  if (pid === undefined || !signalled(pid, 'SIGTERM')) return
  const untilMs = performance.now() + graceMs
  while (signalled(pid, 0) && performance.now() < untilMs) await systemClock.sleep(LOOK_EVERY_MS)
  signalled(-pid, 'SIGKILL')
}

function signalled(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, signal)
  } catch {
    return false // it has ended
  }
}
