import { soapError } from '../soap-error.ts'

/** A Content-Type taken apart: media type in lower case, parameters by lower-case name with their exact values. */
export interface ContentType {
  readonly mediaType: string
  readonly parameters: ReadonlyMap<string, string>
}

// RFC 9110's token, and a quoted string with escapes: JAX-WS sends start-info="application/soap+xml; action=\"\"".
const MEDIA_TYPE = /^[ \t]*([\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+)[ \t]*/
const PARAMETER = /;[ \t]*(?:([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))[ \t]*)?/y

// Longer than any client's; the header is parsed before anything is known of the sender.
const MAX_CHARS = 2_048

/**
 * Parses a Content-Type, quoted strings included. A parameter that is there twice keeps its first value.
 * Throws `unsupported-media-type` for anything else, absent included.
 */
export function parseContentType(header: string | undefined): ContentType {
  const media = header !== undefined && header.length <= MAX_CHARS ? MEDIA_TYPE.exec(header) : null
  if (header === undefined || !media?.[1]) throw unreadable(header)
  const parameters = new Map<string, string>()
  let at = media[0].length
  while (at < header.length) {
    PARAMETER.lastIndex = at
    const found = PARAMETER.exec(header)
    if (!found) throw unreadable(header)
    at = PARAMETER.lastIndex
    const name = found[1]?.toLowerCase()
    const value = found[2]?.replaceAll(/\\(.)/g, '$1') ?? found[3]
    if (name !== undefined && value !== undefined && !parameters.has(name)) parameters.set(name, value)
  }
  return { mediaType: media[1].toLowerCase(), parameters }
}

/** How the body is wrapped, or `unsupported-media-type`. The envelope's namespace, not this, decides the version. */
export function packagingOf(contentType: ContentType): 'plain' | 'multipart' {
  switch (contentType.mediaType) {
    case 'text/xml':
    case 'application/soap+xml':
      return 'plain'
    case 'multipart/related':
      return 'multipart'
    default:
      throw soapError(
        'unsupported-media-type',
        `The Content-Type ${contentType.mediaType} is none that this endpoint reads. Send text/xml (SOAP 1.1), application/soap+xml (SOAP 1.2) or multipart/related (MTOM).`,
      )
  }
}

function unreadable(header: string | undefined): Error {
  return soapError(
    'unsupported-media-type',
    `${header === undefined ? 'There is no Content-Type' : 'The Content-Type cannot be read'}. Send text/xml (SOAP 1.1), application/soap+xml (SOAP 1.2) or multipart/related (MTOM).`,
  )
}
