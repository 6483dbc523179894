import { Readable } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { OperationContext } from './context.ts'
import { type FilePlace, findFile } from './find-file.ts'

/**
 * The bytes of one produced file, all or from `offset` for `length`, for clients that cannot follow a redirect. The
 * reader reads `body` to its end or destroys it. Throws `invalid-request` (past the end), and as {@link findFile}.
 */
export async function openFile(
  context: OperationContext,
  caller: Caller,
  where: FilePlace,
  part: { readonly offset?: number; readonly length?: number; readonly signal?: AbortSignal } = {},
): Promise<{ readonly body: Readable; readonly sizeBytes: number }> {
  const { key, sizeBytes } = await findFile(context, caller, where)
  const start = part.offset ?? 0
  if (start > sizeBytes || start < 0 || (part.length ?? 0) < 0) {
    throw new ReelmillError(
      'invalid-request',
      `The file has ${sizeBytes} bytes; offset and length lie within.`,
      {
        errors: [{ pointer: '/offset', code: 'invalid-request', message: 'is past the end of the file' }],
      },
    )
  }
  const length = Math.min(part.length ?? sizeBytes, sizeBytes - start)
  const whole = start === 0 && length === sizeBytes
  if (length === 0) return { body: Readable.from([]), sizeBytes: 0 }
  const opened = await context.media.read(key, {
    ...(!whole && { range: { start, end: start + length - 1 } }),
    ...(part.signal && { signal: part.signal }),
  })
  if (!opened) throw new ReelmillError('gone', 'The file was deleted while it was fetched.', { facts: where })
  return { body: opened.body, sizeBytes: length }
}
