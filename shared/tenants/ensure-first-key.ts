import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { allScopes } from '#shared/tenants/key-record.ts'
import type { Keys } from '#shared/tenants/keys.ts'

/** The tenant of those who never asked for one. */
export const DEFAULT_TENANT = 'default'

/**
 * The embedded default's key: read from `file`, or made and written there, readable by its owner alone. A key in
 * the file that the store does not know (its data was wiped) or knows as revoked is replaced.
 */
export async function ensureFirstKey(
  keys: Keys,
  file: string,
): Promise<{ readonly key: string; readonly made: boolean }> {
  const existing = await readIfThere(file)
  if (existing !== undefined) {
    const record = await keys.find(existing)
    if (record && record.revokedAt === undefined) return { key: existing, made: false }
  }
  const { key } = await keys.create({
    tenant: DEFAULT_TENANT,
    scopes: allScopes,
    label: 'made at first start',
  })
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, `${key}\n`, { mode: 0o600 })
  await chmod(file, 0o600) // a file that was there keeps its mode
  return { key, made: true }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
