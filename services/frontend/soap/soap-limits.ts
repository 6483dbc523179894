import type { ReelmillError } from '#shared/errors.ts'
import { soapError } from './soap-error.ts'

/** What one request may cost before it is refused. Each refusal names its limit and the variable that sets it. */
export interface SoapLimits {
  /** Bytes of an envelope that are not the movie. */
  readonly envelopeBytes: number
  /** Elements inside one another, the Envelope counted. */
  readonly depth: number
  readonly elements: number
  /** Attributes of one element, namespace declarations counted. */
  readonly attributes: number
  /** Characters of a name, of an attribute's value, and of the text of one element. */
  readonly nameChars: number
  readonly attributeChars: number
  readonly textChars: number
  /** Parts of a multipart request, the envelope counted. */
  readonly parts: number
  /** Bytes of the headers of one part. */
  readonly partHeaderBytes: number
  /** Milliseconds in which all that comes before the movie must have arrived. */
  readonly headMs: number
  /** Milliseconds that a sender may be silent. */
  readonly stallMs: number
  /** Milliseconds that the Created of a WS-Security token may be from now, in either direction. */
  readonly createdWindowMs: number
}

export const defaultSoapLimits: SoapLimits = {
  envelopeBytes: 1024 * 1024,
  depth: 40,
  elements: 5_000,
  attributes: 40,
  nameChars: 256,
  attributeChars: 4_096,
  textChars: 65_536,
  // One is the envelope and one the movie; a few more, so that the fault can name the part that nobody refers to.
  parts: 8,
  partHeaderBytes: 8 * 1024,
  headMs: 30_000,
  stallMs: 30_000,
  createdWindowMs: 5 * 60_000,
}

/** The environment variable that sets each limit. */
export const soapLimitVariables = {
  envelopeBytes: 'REELMILL_SOAP_ENVELOPE',
  depth: 'REELMILL_SOAP_DEPTH',
  elements: 'REELMILL_SOAP_ELEMENTS',
  attributes: 'REELMILL_SOAP_ATTRIBUTES',
  nameChars: 'REELMILL_SOAP_NAME_CHARS',
  attributeChars: 'REELMILL_SOAP_ATTRIBUTE_CHARS',
  textChars: 'REELMILL_SOAP_TEXT_CHARS',
  parts: 'REELMILL_SOAP_PARTS',
  partHeaderBytes: 'REELMILL_SOAP_PART_HEADERS',
  headMs: 'REELMILL_SOAP_HEAD_SEC',
  stallMs: 'REELMILL_SOAP_STALL_SEC',
  createdWindowMs: 'REELMILL_SOAP_CLOCK_SEC',
} as const satisfies Readonly<Record<keyof SoapLimits, string>>

/**
 * The refusal of what exceeds a limit: `too-large`, with the limit as the fault's Field. `what` has more than it may
 * have `of` something: 'The envelope', 'levels of elements'.
 */
export function overLimit<Limit extends keyof SoapLimits>(
  limits: Pick<SoapLimits, Limit>,
  limit: Limit,
  what: string,
  of: string,
): ReelmillError {
  const most = limits[limit]
  return soapError(
    'too-large',
    `${what} has more than ${most} ${of}, the limit of this server (${soapLimitVariables[limit]}).`,
    { facts: { limit, most } },
  )
}
