import { ReelmillError } from '#shared/errors.ts'

/** What a tenant may be called. Names are parts of object keys, so they hold no slash, dot or capital. */
export const tenantNamePattern = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/

/** Throws `invalid-request` unless `name` may name a tenant. */
export function checkTenantName(name: string): string {
  if (tenantNamePattern.test(name)) return name
  throw new ReelmillError(
    'invalid-request',
    `"${name}" cannot name a tenant. Use 1 to 40 of a-z, 0-9 and -, not beginning or ending with -.`,
  )
}
