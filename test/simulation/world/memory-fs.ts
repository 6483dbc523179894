import { Readable, Writable } from 'node:stream'
import { disk } from './memory-disk.ts'

// What production code in a simulated world imports as node:fs.
export * from 'node:fs'

export function createReadStream(path: string): Readable {
  const body = disk.files.get(path)
  if (body) return Readable.from([body])
  return new Readable({
    read() {
      this.destroy(Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' }))
    },
  })
}

export function createWriteStream(
  path: string,
  options: { readonly flags: 'w' | 'r+'; readonly start: number },
): Writable {
  let body = options.flags === 'w' ? Buffer.alloc(0) : (disk.files.get(path) ?? Buffer.alloc(0))
  body = body.subarray(0, options.start)
  disk.files.set(path, body)
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      body = Buffer.concat([body, chunk])
      disk.files.set(path, body)
      done()
    },
  })
}
