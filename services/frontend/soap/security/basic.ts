import { soapError } from '../soap-error.ts'
import type { Credentials } from './username-token.ts'

/**
 * The credentials of an `Authorization` header: `Basic` with any user name and a key as the password, or `Bearer`
 * as in REST. `undefined` when there is no header. Throws `unauthenticated` for one that cannot be read.
 */
export function readAuthorization(header: string | undefined): Credentials | undefined {
  if (header === undefined || header === '') return undefined
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(header) ?? []
  if (bearer !== undefined) return { kind: 'password', user: '', password: bearer, by: 'basic' }
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header) ?? []
  const decoded = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  if (colon < 0)
    throw soapError(
      'unauthenticated',
      'The Authorization header cannot be read. Send Basic with any user name and a key (rmk_...) as the password.',
    )
  return { kind: 'password', user: decoded.slice(0, colon), password: decoded.slice(colon + 1), by: 'basic' }
}
