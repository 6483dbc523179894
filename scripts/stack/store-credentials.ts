import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'

const pair = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })
const credentials = z.object({ media: pair, state: pair })
export type StoreCredentials = z.output<typeof credentials>

/**
 * The key pairs by which the services speak to the embedded store, one for media and one for state. Made once per
 * data folder and kept there for its owner alone, so that a presigned URL outlives a restart.
 */
export function storeCredentials(dataFolder: string): StoreCredentials {
  const file = path.join(dataFolder, 'store-credentials.json')
  try {
    return credentials.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const made = { media: newPair('media'), state: newPair('state') }
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  writeFileSync(file, `${JSON.stringify(made, undefined, 2)}\n`, { mode: 0o600 })
  return made
}

const newPair = (what: string) => ({
  accessKeyId: `reelmill-${what}-${randomBytes(6).toString('hex')}`,
  secretAccessKey: randomBytes(30).toString('base64url'),
})
