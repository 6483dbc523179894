import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** A fresh `demo` folder under `parent`, or `demo-<pid>` while another demo still uses that one. */
export async function demoFolder(parent: string): Promise<string> {
  const usual = path.join(parent, 'demo')
  const folder = (await isInUse(usual)) ? path.join(parent, `demo-${process.pid}`) : usual
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'pid'), `${process.pid}\n`)
  return folder
}

async function isInUse(folder: string): Promise<boolean> {
  try {
    const pid = Number.parseInt(await readFile(path.join(folder, 'pid'), 'utf8'), 10)
    return pid > 0 && process.kill(pid, 0)
  } catch {
    return false // no such folder, or its demo has ended
  }
}
