/** The version of one call: the namespace of its envelope decides, and the reply has the same. */
export type SoapVersion = '1.1' | '1.2'

export const ENVELOPE_NAMESPACE: Readonly<Record<SoapVersion, string>> = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
}

/** The media type of an envelope outside multipart, and the `start-info` of one inside. */
export const ENVELOPE_MEDIA_TYPE: Readonly<Record<SoapVersion, string>> = {
  '1.1': 'text/xml',
  '1.2': 'application/soap+xml',
}

/** The version whose envelope has this namespace; `undefined` for any other. */
export function versionOfNamespace(uri: string): SoapVersion | undefined {
  if (uri === ENVELOPE_NAMESPACE['1.1']) return '1.1'
  if (uri === ENVELOPE_NAMESPACE['1.2']) return '1.2'
  return undefined
}
