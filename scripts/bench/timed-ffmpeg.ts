import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { childrenCpuSec } from './children-cpu.ts'

/** Runs ffmpeg in the folder of its last output. The CPU time is undefined where the system does not tell it. */
export async function timedFfmpeg(args: readonly string[], signal: AbortSignal) {
  const cpuBefore = await childrenCpuSec(process.pid)
  const startedMs = performance.now()
  await promisify(execFile)('ffmpeg', [...args], { signal, cwd: path.dirname(args.at(-1) ?? '.') })
  const wallSec = (performance.now() - startedMs) / 1000
  const cpuAfter = await childrenCpuSec(process.pid)
  const cpuSec = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore
  return { wallSec, cpuSec }
}
