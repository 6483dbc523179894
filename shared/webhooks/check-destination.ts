import { lookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import { messageOf, ReelmillError } from '#shared/errors.ts'

/** A webhook address that may be called, and the addresses that were checked: connect to one of these only. */
export interface Destination {
  readonly url: URL
  /** IPv4 or IPv6 literals, as the resolver ordered them. */
  readonly addresses: readonly string[]
}

/** All addresses of a host name. Rejects when it has none. */
export type ResolveHost = (hostName: string) => Promise<readonly string[]>

/**
 * Checks that a client's webhook address is http(s) and that every address behind its name is public, so that
 * nobody makes us call what only we can reach (SSRF). A name can change its mind between this check and the
 * connection (DNS rebinding): whoever connects uses `addresses`, and checks again before each delivery.
 *
 * Throws `destination-refused`. With `allowPrivate` the addresses may be anything.
 */
export async function checkDestination(
  address: string,
  options: { readonly allowPrivate: boolean; readonly resolve?: ResolveHost },
): Promise<Destination> {
  const url = parse(address)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = ipaddr.isValid(host) ? [host] : await resolved(host, options.resolve ?? systemResolve)
  if (!options.allowPrivate) {
    // Every one of them: a name with a public and a private address would else be a coin that the client tosses.
    const refused = addresses.find((ip) => !isPublic(ip))
    if (refused !== undefined) {
      throw new ReelmillError(
        'destination-refused',
        `${host} leads to ${refused}, which is not a public address. Use a public one, or ask the operator to set REELMILL_WEBHOOKS_ALLOW_PRIVATE.`,
        { facts: { host } },
      )
    }
  }
  return { url, addresses }
}

/** Whether the address is reachable by everyone, so that calling it reveals and reaches nothing of ours. */
export function isPublic(ip: string): boolean {
  if (!ipaddr.isValid(ip)) return false
  // `process` unwraps IPv4-mapped IPv6. All other ways to hide an IPv4 address in an IPv6 one (NAT64, 6to4,
  // Teredo) are ranges of their own and so not `unicast`; neither is anything private, link-local (169.254.169.254
  // among them), shared (CGNAT), loopback, multicast or reserved.
  const address = ipaddr.process(ip)
  return address.range() === 'unicast' && !publicByLookOnly.has(address.toString())
}

// Azure's metadata and DNS host has an address that looks public.
const publicByLookOnly: ReadonlySet<string> = new Set(['168.63.129.16'])

function parse(address: string): URL {
  const url = URL.parse(address)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ReelmillError('destination-refused', 'The address must be an http:// or https:// URL.')
  }
  if (url.username !== '' || url.password !== '') {
    throw new ReelmillError(
      'destination-refused',
      'The address must not hold a user name or password: messages are signed instead.',
    )
  }
  return url
}

async function resolved(host: string, resolve: ResolveHost): Promise<readonly string[]> {
  try {
    return await resolve(host)
  } catch (error) {
    throw new ReelmillError(
      'destination-refused',
      `The host ${host} cannot be resolved (${messageOf(error)}). Check its name.`,
      { cause: error, facts: { host } },
    )
  }
}

const systemResolve: ResolveHost = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address)
