import { ReelmillError } from '#shared/errors.ts'
import type { Scope } from '#shared/tenants/key-record.ts'

/** Who asks: everything that an operation does is done for this tenant and within these scopes. */
export interface Caller {
  readonly tenant: string
  readonly keyId: string
  readonly scopes: readonly Scope[]
}

/** Throws `forbidden` unless the caller's key has `scope`; `admin` includes the others. */
export function requireScope(caller: Caller, scope: Scope): void {
  if (caller.scopes.includes(scope) || caller.scopes.includes('admin')) return
  throw new ReelmillError(
    'forbidden',
    `This key has the scope ${caller.scopes.join(', ')} and this needs ${scope}. Use a key that has it.`,
    { facts: { needed: scope } },
  )
}
