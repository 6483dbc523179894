import { readdir, readFile } from 'node:fs/promises'

export interface ListedProcess {
  readonly pid: number
  readonly command: string
}

/** The processes whose command line or environment names `folder`, whoever their parent is by now. Linux only. */
export async function processesAbout(folder: string): Promise<readonly ListedProcess[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  const looked = await Promise.all(
    pids.map(async (pid): Promise<ListedProcess | undefined> => {
      const command = await contentOf(`/proc/${pid}/cmdline`)
      const isAbout = command.includes(folder) || (await contentOf(`/proc/${pid}/environ`)).includes(folder)
      return isAbout && command !== '' ? { pid: Number(pid), command } : undefined
    }),
  )
  return looked.filter((process) => process !== undefined)
}

/** A zombie has ended: it has no command line any more. */
export const isAlive = async (pid: number | undefined): Promise<boolean> =>
  (await contentOf(`/proc/${pid ?? 0}/cmdline`)) !== ''

async function contentOf(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replaceAll('\0', ' ').trim()
  } catch {
    return '' // it ended while we looked, or is another user's and so none of ours
  }
}
