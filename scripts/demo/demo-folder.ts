import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Which folder under `parent` is this demo's: `demo`, or `demo-<pid>` while another demo still uses that one. */
export async function chooseDemoFolder(parent: string): Promise<string> {
  const usual = path.join(parent, 'demo')
  return (await isInUse(usual)) ? path.join(parent, `demo-${process.pid}`) : usual
}

/** Empties `folder`, or makes it. Throws a sentence when there is something in it that no demo has put there. */
export async function emptyDemoFolder(folder: string): Promise<void> {
  const names = await namesIn(folder)
  if (names.length > 0 && !names.includes(PID_FILE)) {
    throw new Error(
      `${folder} holds something that no demo has made, and would be emptied. Choose another folder with --out.`,
    )
  }
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, PID_FILE), `${process.pid}\n`)
}

/** Names the process that uses the folder; left behind, it tells that a demo made it. */
const PID_FILE = 'pid'

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw new Error(`${folder} cannot be used: choose another folder with --out.`, { cause: error })
  }
}

async function isInUse(folder: string): Promise<boolean> {
  try {
    const pid = Number.parseInt(await readFile(path.join(folder, PID_FILE), 'utf8'), 10)
    return pid > 0 && process.kill(pid, 0)
  } catch {
    return false // no such folder, or its demo has ended
  }
}
