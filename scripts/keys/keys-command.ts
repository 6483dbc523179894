import { parseArgs } from 'node:util'
import { ReelmillError } from '#shared/errors.ts'
import { DEFAULT_TENANT } from '#shared/tenants/ensure-first-key.ts'
import { allScopes, type KeyRecord, type Scope } from '#shared/tenants/key-record.ts'
import type { Keys } from '#shared/tenants/keys.ts'
import type { TenantRecord } from '#shared/tenants/tenant-record.ts'
import type { Tenants } from '#shared/tenants/tenants.ts'
import type { Users } from '#shared/tenants/users.ts'

export const usage = `npm run keys -- <command>

  create [--tenant NAME] [--scopes submit,read,admin] [--label TEXT]
                                    a new key; it is shown this once
  list [--tenant NAME]              all tenants with their keys and grants
  revoke KEY_ID                     for good, within seconds
  grant --tenant NAME s3://BUCKET/PREFIX/
                                    lets the tenant's jobs read what lies there
  ungrant --tenant NAME s3://BUCKET/PREFIX/
  create-user NAME [--tenant NAME] [--scopes submit,read,admin]
                                    a SOAP user for PasswordDigest (all others use keys); its secret is the result
  revoke-user NAME
  webhook-secret [--tenant NAME]    what the tenant's webhooks are signed with
  webhook-secret --rotate [--tenant NAME]
                                    a new one; the old one signs, too, for a day

Without --tenant it is the tenant "${DEFAULT_TENANT}". --scopes is submit,read unless said otherwise.`

export interface KeysContext {
  readonly tenants: Tenants
  readonly keys: Keys
  /** Left out when there is no REELMILL_SECRETS_KEY. */
  readonly users?: Users | undefined
  /** The result, for another program to read. */
  result(line: string): void
  /** What is said about it, for people. */
  note(line: string): void
}

/**
 * Reads the command line, before anything is opened. Throws `invalid-request` with a sentence for one that makes no
 * sense, or says what the command would not heed.
 */
export function parseKeysCommand(args: readonly string[]) {
  const { positionals, values: options } = parse(args)
  const [command, subject, ...rest] = positionals
  if (command === undefined) throw refuse(usage)
  if (!isCommand(command)) throw refuse(`There is no command "${command}".\n\n${usage}`)
  const taken: readonly string[] = takes[command]
  const tooMuch = taken.includes('subject') ? rest : positionals.slice(1)
  if (tooMuch.length > 0) {
    throw refuse(
      `"${command}" takes no "${tooMuch.join(' ')}". Options begin with --, behind the -- that npm needs.\n\n${usage}`,
    )
  }
  const other = Object.keys(options).find((name) => !taken.includes(name))
  if (other !== undefined) throw refuse(`"${command}" takes no --${other}.\n\n${usage}`)
  return { command, subject, options }
}

const takes = {
  create: ['tenant', 'scopes', 'label'],
  list: ['tenant'],
  revoke: ['subject'],
  grant: ['subject', 'tenant'],
  ungrant: ['subject', 'tenant'],
  'create-user': ['subject', 'tenant', 'scopes'],
  'revoke-user': ['subject'],
  'webhook-secret': ['tenant', 'rotate'],
} as const

const isCommand = (name: string): name is keyof typeof takes => Object.hasOwn(takes, name)

/** Runs one command. Throws `invalid-request` with a sentence for one that makes no sense. */
export async function runKeysCommand(args: readonly string[], context: KeysContext): Promise<void> {
  const { tenants, keys, result, note } = context
  const { command, subject, options } = parseKeysCommand(args)
  const tenant = options.tenant ?? DEFAULT_TENANT
  switch (command) {
    case 'create': {
      const made = await keys.create({
        tenant,
        scopes: scopesOf(options.scopes ?? 'submit,read'),
        ...(options.label !== undefined && { label: options.label }),
      })
      note(
        `${made.record.id} of the tenant ${tenant} (${made.record.scopes.join(', ')}). It is not shown again:`,
      )
      return result(made.key)
    }
    case 'list': {
      const names = options.tenant === undefined ? await tenants.list() : [tenant]
      for (const name of names) await listTenant(context, name)
      if (names.length === 0) note('There are no tenants yet. `npm run keys -- create` makes the first.')
      return
    }
    case 'revoke': {
      const record = await keys.revoke(need(subject, 'the id of a key, such as key_01K...'))
      return note(`${record.id} of the tenant ${record.tenant} is revoked.`)
    }
    case 'create-user': {
      const name = need(subject, 'how the user is called')
      const scopes = scopesOf(options.scopes ?? 'submit,read')
      const { secret, record } = await usersOf(context).create({ name, tenant, scopes })
      note(`The user ${name} of the tenant ${record.tenant} (${record.scopes.join(', ')}). Its secret:`)
      return result(secret)
    }
    case 'revoke-user': {
      const name = need(subject, 'how the user is called')
      await usersOf(context).revoke(name)
      return note(`The user ${name} is revoked.`)
    }
    case 'grant':
    case 'ungrant': {
      const prefix = need(subject, 'a location, such as s3://bucket/folder/')
      if (options.tenant === undefined) throw refuse(`Say whose with --tenant: ${command} has no default.`)
      const { grants } = await tenants[command](tenant, prefix)
      return note(`The tenant ${tenant} may read: ${grants.join(', ') || 'nothing but its uploads'}`)
    }
    case 'webhook-secret': {
      await existing(context, tenant)
      if (options.rotate) {
        result(await tenants.rotateWebhookSecret(tenant))
        return note('The one before signs, too, for a day.')
      }
      for (const secret of await tenants.webhookSecrets(tenant)) result(secret)
      return
    }
    default:
      throw command satisfies never
  }
}

async function listTenant(context: KeysContext, name: string): Promise<void> {
  const { keys, result } = context
  const tenant = await existing(context, name)
  result(`${name}${tenant.grants.length > 0 ? `  reads ${tenant.grants.join(', ')}` : ''}`)
  for (const key of await keys.list(name)) result(`  ${lineOf(key)}`)
}

function usersOf({ users }: KeysContext): Users {
  if (users) return users
  throw refuse(
    'Set REELMILL_SECRETS_KEY first, here and for the frontend: `openssl rand -base64 32` makes one.',
  )
}

async function existing({ tenants }: KeysContext, name: string): Promise<TenantRecord> {
  const tenant = await tenants.read(name)
  if (tenant) return tenant
  throw new ReelmillError(
    'not-found',
    `There is no tenant ${name}. \`npm run keys -- list\` shows those that exist.`,
  )
}

function lineOf({ id, scopes, createdAt, revokedAt, label }: KeyRecord): string {
  const life =
    revokedAt === undefined ? `since ${createdAt.slice(0, 10)}` : `revoked ${revokedAt.slice(0, 10)}`
  return [id, scopes.join(',').padEnd(17), life, label].filter((part) => part !== undefined).join('  ')
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        tenant: { type: 'string' },
        scopes: { type: 'string' },
        label: { type: 'string' },
        rotate: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw refuse(`${error instanceof Error ? error.message : error}.\n\n${usage}`)
  }
}

function scopesOf(text: string): Scope[] {
  return text.split(',').map((name) => {
    const scope = allScopes.find((candidate) => candidate === name.trim())
    if (scope) return scope
    throw refuse(`There is no scope "${name}". There are ${allScopes.join(', ')}.`)
  })
}

function need(value: string | undefined, what: string): string {
  if (value !== undefined) return value
  throw refuse(`Say ${what}.\n\n${usage}`)
}

const refuse = (message: string) => new ReelmillError('invalid-request', message)
