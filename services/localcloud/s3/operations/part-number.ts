import { S3Error } from '../s3-error.ts'

const MOST_PARTS = 10_000

/** The `partNumber` of a request. Throws `InvalidArgument`. */
export function partNumberOf(parameters: ReadonlyMap<string, string>): number {
  const text = parameters.get('partNumber') ?? ''
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= MOST_PARTS) return number
  throw new S3Error(
    'InvalidArgument',
    `Part number must be an integer between 1 and ${MOST_PARTS}, inclusive`,
    {
      ArgumentName: 'partNumber',
      ArgumentValue: text,
    },
  )
}
