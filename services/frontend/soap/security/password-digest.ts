import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '#shared/clock.ts'
import { soapError } from '../soap-error.ts'
import { type SoapLimits, soapLimitVariables } from '../soap-limits.ts'
import type { NonceStore } from './nonce-store.ts'
import type { Credentials } from './username-token.ts'

const MAX_NONCE_CHARS = 256
const CREATED = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/

/**
 * Checks a PasswordDigest, SHA-1(nonce + created + password), against the user's secret. A nonce is taken only
 * after the digest was right: else anyone could use up other people's nonces, and fill the store.
 *
 * `createdWindowMs` is how far Created may be from now, in either direction.
 *
 * Throws `unauthenticated`; the same for an unknown user (`secret` undefined) as for a wrong digest.
 */
export async function checkPasswordDigest(
  given: Extract<Credentials, { kind: 'digest' }>,
  secret: string | undefined,
  dependencies: {
    readonly nonces: NonceStore
    readonly clock: Pick<Clock, 'now'>
    readonly createdWindowMs: number
  },
): Promise<void> {
  const { nonces, createdWindowMs } = dependencies
  const now = dependencies.clock.now()
  const createdMs = CREATED.test(given.created) ? Date.parse(given.created) : Number.NaN
  if (Number.isNaN(createdMs))
    throw refused('Created is not a time with a zone, such as 2026-01-31T12:00:00Z.')
  if (Math.abs(now - createdMs) > createdWindowMs)
    throw refused(
      `Created is more than ${createdWindowMs / 1000} s (${soapLimitVariables.createdWindowMs}) from this server's time, ${new Date(now).toISOString()}. Set the clock.`,
      'createdWindowMs',
    )
  if (given.nonce.length > MAX_NONCE_CHARS) throw refused('The Nonce is too long.')
  const nonce = Buffer.from(given.nonce, 'base64')
  const expected = createHash('sha1')
    .update(nonce)
    .update(given.created)
    .update(secret ?? 'nobody has this secret')
    .digest()
  const digest = Buffer.from(given.digest, 'base64')
  if (digest.length !== expected.length || !timingSafeEqual(digest, expected) || secret === undefined)
    throw refused('The user name or the password is wrong, or the user has no secret for PasswordDigest.')
  const hash = createHash('sha256').update(`${given.user}\n`).update(nonce).digest('hex')
  // As long as any token with it could still pass: it may have been created up to a window ahead of our clock.
  if (!(await nonces.take(hash, now + 2 * createdWindowMs + 60_000)))
    throw refused('This Nonce was used before. Send a fresh one with each request.')
}

const refused = (message: string, limit?: keyof SoapLimits): Error =>
  soapError('unauthenticated', message, { fault: 'FailedAuthentication', facts: { ...(limit && { limit }) } })
