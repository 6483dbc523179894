import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { promisify } from 'node:util'

/** The machine in words that say how fast it is and nothing about whose it is. */
export async function machineInWords(): Promise<string> {
  const { stdout } = await promisify(execFile)('ffmpeg', ['-version'])
  const ffmpeg = /^ffmpeg version (\d+(?:\.\d+)*)/.exec(stdout)?.[1] ?? 'unknown'
  const cores = cpus().length
  return `${cores} cores${(await isVirtual()) ? ' of a virtual machine' : ''}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${await systemName()}, ffmpeg ${ffmpeg}, Node ${process.versions.node}`
}

async function systemName(): Promise<string> {
  try {
    const release = await readFile('/etc/os-release', 'utf8')
    const name = (field: string) => new RegExp(`^${field}="?([^"\\n]+)"?$`, 'm').exec(release)?.[1]
    return `${(name('NAME') ?? 'Linux').replace(' GNU/Linux', '')} ${name('VERSION_ID') ?? ''}`.trim()
  } catch {
    return process.platform // no os-release outside Linux
  }
}

async function isVirtual(): Promise<boolean> {
  try {
    return /^flags.*\bhypervisor\b/m.test(await readFile('/proc/cpuinfo', 'utf8'))
  } catch {
    return false // not Linux: unknown, and then not said
  }
}
