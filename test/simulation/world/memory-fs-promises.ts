import { disk } from './memory-disk.ts'

// What production code in a simulated world imports as node:fs/promises.
export * from 'node:fs/promises'

export async function mkdir(path: string): Promise<void> {
  disk.folders.add(path)
}

export async function mkdtemp(prefix: string): Promise<string> {
  return disk.makeTemporary(prefix)
}

export async function rm(path: string): Promise<void> {
  disk.remove(path)
}

export async function statfs(_path: string): Promise<{ bavail: number; bsize: number }> {
  return { bavail: 1_000_000, bsize: 4096 }
}
