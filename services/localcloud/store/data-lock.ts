import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ReelmillError } from '#shared/errors.ts'

/**
 * Makes this process the only one that works on `folder`, until it closes the lock or dies: the system holds the
 * lock, so kill -9 leaves nothing behind that somebody would have to remove. Throws `configuration-invalid` when
 * another process has it.
 */
export async function lockData(folder: string): Promise<{ close(): void }> {
  await mkdir(folder, { recursive: true })
  const database = new DatabaseSync(join(folder, 'lock.sqlite'))
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new ReelmillError(
      'configuration-invalid',
      `Another localcloud works on ${folder}. Stop it, or give this one a folder of its own with REELMILL_DATA.`,
      { facts: { folder }, cause },
    )
  }
  return database
}
