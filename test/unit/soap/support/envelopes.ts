import {
  type EnvelopeHead,
  EnvelopeReader,
} from '../../../../services/frontend/soap/envelope/envelope-reader.ts'
import type { XmlElement } from '../../../../services/frontend/soap/envelope/xml-element.ts'
import { defaultSoapLimits, type SoapLimits } from '../../../../services/frontend/soap/soap-limits.ts'
import { ENVELOPE_NAMESPACE, type SoapVersion } from '../../../../services/frontend/soap/soap-version.ts'
import { inChunksOf } from './bytes.ts'

/** An envelope around `body`, with `header` when there is one. The default namespace inside is Reelmill's. */
export function envelope(body: string, options: { header?: string; version?: SoapVersion } = {}): string {
  const header = options.header === undefined ? '' : `<s:Header>${options.header}</s:Header>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="${ENVELOPE_NAMESPACE[options.version ?? '1.1']}">${header}<s:Body>${body}</s:Body></s:Envelope>`
}

export const inNamespace = (name: string, inner: string): string =>
  `<${name} xmlns="urn:reelmill:v1">${inner}</${name}>`

export interface ReadEnvelope {
  head: EnvelopeHead
  header: readonly XmlElement[]
  content: Buffer | undefined
}

/** Reads an envelope to its end, its movie (an element `Content`) collected. */
export async function readEnvelope(
  source: string | Uint8Array | AsyncIterable<Uint8Array>,
  options: { limits?: Partial<SoapLimits>; chunkBytes?: number; onBody?: () => Promise<void> } = {},
): Promise<ReadEnvelope> {
  const bytes = typeof source === 'string' ? Buffer.from(source) : source
  let header: readonly XmlElement[] = []
  const reader = new EnvelopeReader({
    source: bytes instanceof Uint8Array ? inChunksOf(bytes, options.chunkBytes ?? bytes.length) : bytes,
    limits: { ...defaultSoapLimits, ...options.limits },
    isBinary: (_, name) => name === 'Content',
    onBody: async (_, blocks) => {
      header = blocks
      await options.onBody?.()
    },
  })
  const head = await reader.readHead()
  if (head.content?.kind !== 'inline') return { head, header, content: undefined }
  const parts: Uint8Array[] = []
  for await (const chunk of reader.content()) parts.push(chunk)
  return { head, header, content: Buffer.concat(parts) }
}

/** `name(child, child)text`, to compare trees at a glance. */
export function outline(element: XmlElement): string {
  const children = element.children.map(outline).join(',')
  return `${element.name}${children === '' ? '' : `(${children})`}${children === '' ? element.text : ''}`
}
