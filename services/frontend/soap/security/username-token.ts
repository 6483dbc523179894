import { childOf, type XmlElement } from '../envelope/xml-element.ts'
import { soapError } from '../soap-error.ts'

/** Who a caller says they are. The user name beside a key says nothing: the key alone names tenant and scopes. */
export type Credentials =
  | {
      readonly kind: 'password'
      readonly user: string
      readonly password: string
      readonly by: 'basic' | 'wsse'
    }
  | {
      readonly kind: 'digest'
      readonly user: string
      /** As they were sent: base64. */
      readonly digest: string
      readonly nonce: string
      readonly created: string
    }

export const WSSE_NAMESPACE =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
const WSU_NAMESPACE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'
const PROFILE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0'

/**
 * The UsernameToken of a header (WS-Security UsernameToken Profile 1.0), or `undefined` when there is none.
 * A password without a Type is text. Throws `unauthenticated` for a token that cannot be used.
 */
export function readUsernameToken(header: readonly XmlElement[]): Credentials | undefined {
  const tokens = header
    .filter(({ name, namespace }) => name === 'Security' && namespace === WSSE_NAMESPACE)
    .flatMap(({ children }) => children)
    .filter(({ name, namespace }) => name === 'UsernameToken' && namespace === WSSE_NAMESPACE)
  const [token] = tokens
  if (!token) return undefined
  if (tokens.length > 1) throw unusable('There are two UsernameTokens. Send one.')
  const user = childOf(token, 'Username', WSSE_NAMESPACE)?.text.trim() ?? ''
  const password = childOf(token, 'Password', WSSE_NAMESPACE)
  if (!password) throw unusable('The UsernameToken has no Password.')
  switch (password.attributes.get('Type') ?? `${PROFILE}#PasswordText`) {
    case `${PROFILE}#PasswordText`:
    case 'PasswordText':
      return { kind: 'password', user, password: password.text, by: 'wsse' }
    case `${PROFILE}#PasswordDigest`:
    case 'PasswordDigest': {
      const nonce = childOf(token, 'Nonce', WSSE_NAMESPACE)?.text.trim()
      const created = childOf(token, 'Created', WSU_NAMESPACE)?.text.trim()
      if (!nonce || !created) throw unusable('A PasswordDigest needs a Nonce and a Created.')
      return { kind: 'digest', user, digest: password.text.trim(), nonce, created }
    }
    default:
      throw unusable("The Password's Type is neither PasswordText nor PasswordDigest.")
  }
}

const unusable = (message: string): Error =>
  soapError('unauthenticated', message, { fault: 'FailedAuthentication' })
