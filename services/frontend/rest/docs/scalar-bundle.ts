import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

export interface Bundle {
  readonly bytes: Buffer
  readonly gzipped: Buffer
  readonly etag: string
}

let bundle: Promise<Bundle> | undefined

/** Scalar's browser bundle from its package, so that /docs needs no CDN. Read and packed once, at the first use. */
export function scalarBundle(): Promise<Bundle> {
  bundle ??= load().catch((error: unknown) => {
    bundle = undefined
    throw error
  })
  return bundle
}

async function load(): Promise<Bundle> {
  const main = import.meta.resolve('@scalar/api-reference')
  const bytes = await readFile(fileURLToPath(new URL('./browser/standalone.js', main)))
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`
  return { bytes, gzipped: await promisify(gzip)(bytes), etag }
}
