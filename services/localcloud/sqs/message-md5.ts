import { createHash } from 'node:crypto'
import type { MessageAttribute } from './message-queue.ts'

export const md5Of = (text: string): string => createHash('md5').update(text).digest('hex')

/**
 * MD5OfMessageAttributes, which clients compare with their own; `undefined` when there are none. Source: "Amazon
 * SQS message metadata", Calculating the MD5 message digest for message attributes, SQS Developer Guide.
 */
export function md5OfAttributes(attributes: Readonly<Record<string, MessageAttribute>>): string | undefined {
  const names = Object.keys(attributes).sort()
  if (names.length === 0) return undefined
  const hash = createHash('md5')
  const add = (bytes: Buffer) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  for (const name of names) {
    const { DataType = '', StringValue, BinaryValue } = attributes[name] ?? {}
    add(Buffer.from(name))
    add(Buffer.from(DataType))
    const binary = DataType.startsWith('Binary')
    hash.update(Buffer.from([binary ? 2 : 1]))
    add(binary ? Buffer.from(BinaryValue ?? '', 'base64') : Buffer.from(StringValue ?? ''))
  }
  return hash.digest('hex')
}
