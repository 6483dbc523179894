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

/** Of a file handle only what a fetch needs: it writes at places and closes. */
export async function open(path: string, flags: 'w' | 'r+') {
  if (flags === 'w') disk.files.set(path, Buffer.alloc(0))
  return {
    async writev(chunks: readonly Uint8Array[], position: number) {
      const before = disk.files.get(path) ?? Buffer.alloc(0)
      const written = Buffer.concat(chunks)
      const after = Buffer.alloc(Math.max(before.length, position + written.length)) // zeros where nobody has written
      before.copy(after)
      written.copy(after, position)
      disk.files.set(path, after)
      return { bytesWritten: written.length }
    },
    async [Symbol.asyncDispose]() {},
  }
}
