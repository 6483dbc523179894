import { Readable } from 'node:stream'
import { disk } from './memory-disk.ts'

// What production code in a simulated world imports as node:fs.
export * from 'node:fs'

export function createReadStream(path: string): Readable {
  const body = disk.files.get(path)
  if (body) return Readable.from([Buffer.from(body)]) // its own: who reads it may free it
  return new Readable({
    read() {
      this.destroy(Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' }))
    },
  })
}
