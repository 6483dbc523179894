import { S3Error } from './s3-error.ts'

/** Both ends inclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The range that a Range header asks for, cut to `size`. `undefined` when the whole is to be sent: no header, one
 * that cannot be read, or several ranges (S3 does the same). Throws `InvalidRange` when it lies outside.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!parts || (parts[1] === '' && parts[2] === '')) return undefined
  const [, first = '', last = ''] = parts
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  if (start >= size || end < start) {
    throw new S3Error('InvalidRange', undefined, {
      RangeRequested: header ?? '',
      ActualObjectSize: String(size),
    })
  }
  return { start, end }
}
