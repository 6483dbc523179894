import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '#shared/clock.ts'
import { hasCode } from '#shared/errors.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import { soapError } from '../soap-error.ts'
import type { NonceStore } from './nonce-store.ts'
import { checkPasswordDigest } from './password-digest.ts'
import type { Credentials } from './username-token.ts'

/** Where keys and users are looked up. */
export interface Identities {
  /** Who has this key. Throws `unauthenticated`. */
  byKey(key: string): Promise<Caller>
  /** The secret of a user that may use PasswordDigest, and who it stands for; `undefined` when there is none. */
  byUser(user: string): Promise<{ readonly secret: string; readonly caller: Caller } | undefined>
  readonly nonces: NonceStore
  readonly clock: Pick<Clock, 'now'>
  /** How far a token's Created may be from now. */
  readonly createdWindowMs: number
}

/**
 * Who the credentials belong to. A password is a key (`rmk_...`), whatever the user name; or the secret of the SOAP
 * user of that name. Throws `unauthenticated`, as WS-Security's own fault when they came by it.
 */
export async function authenticate(credentials: Credentials, identities: Identities): Promise<Caller> {
  if (credentials.kind === 'digest') {
    const user = await identities.byUser(credentials.user)
    await checkPasswordDigest(credentials, user?.secret, identities)
    if (user) return user.caller
    throw new Error('A digest was right without a secret.')
  }
  try {
    if (credentials.password.startsWith('rmk_')) return await identities.byKey(credentials.password)
    const user = await identities.byUser(credentials.user)
    if (user && isSame(user.secret, credentials.password)) return user.caller
    throw soapError(
      'unauthenticated',
      "The user name or the password is wrong. The password is a key (rmk_...), or a SOAP user's secret.",
    )
  } catch (error) {
    if (credentials.by === 'basic' || !hasCode(error, 'unauthenticated')) throw error
    throw soapError('unauthenticated', error.message, { fault: 'FailedAuthentication', cause: error })
  }
}

/** Compares in a time that does not tell how much of the secret was right. */
function isSame(secret: string, given: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(secret), hash(given))
}
