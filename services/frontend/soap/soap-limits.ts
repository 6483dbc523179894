/** What one request may cost before it is refused. Each refusal names its limit. */
export interface SoapLimits {
  /** Bytes of a request that are not the movie: the envelope, and in multipart the parts' headers. */
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
  /** Bytes, and milliseconds, of a refused request that are read on so that its sender sees the fault. */
  readonly drainBytes: number
  readonly drainMs: number
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
  // .NET and SOAP::Lite send the whole body once without credentials before they read the 401.
  drainBytes: 16 * 1024 * 1024,
  drainMs: 10_000,
}
