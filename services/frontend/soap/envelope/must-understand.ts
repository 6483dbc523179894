import { WSSE_NAMESPACE } from '../security/username-token.ts'
import { soapError } from '../soap-error.ts'
import { ENVELOPE_NAMESPACE, type SoapVersion } from '../soap-version.ts'
import type { XmlElement } from './xml-element.ts'

const ADDRESSING_NAMESPACES = [
  'http://schemas.xmlsoap.org/ws/2004/08/addressing',
  'http://www.w3.org/2005/08/addressing',
]

/**
 * Throws `soap-not-understood` when a header block must be understood and is none of ours: WS-Security, and
 * WS-Addressing, whose To and Action say nothing that the request itself does not say.
 */
export function assertUnderstood(version: SoapVersion, header: readonly XmlElement[]): void {
  const attribute = `{${ENVELOPE_NAMESPACE[version]}}mustUnderstand`
  for (const block of header) {
    const value = block.attributes.get(attribute)?.trim()
    if (value !== '1' && value !== 'true') continue
    if (block.namespace === WSSE_NAMESPACE && block.name === 'Security') continue
    if (ADDRESSING_NAMESPACES.includes(block.namespace)) continue
    throw soapError(
      'soap-not-understood',
      `The header ${block.name.slice(0, 100)} must be understood, and is not. Send it without mustUnderstand, or leave it out.`,
      { field: block.name, fault: 'MustUnderstand' },
    )
  }
}
