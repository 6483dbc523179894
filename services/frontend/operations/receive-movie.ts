import type { Readable } from 'node:stream'
import type { Caller } from '#shared/tenants/caller.ts'
import type { CreateUpload } from '../shapes/create-upload.ts'
import type { Upload } from '../shapes/upload.ts'
import { beginUpload } from './begin-upload.ts'
import type { OperationContext } from './context.ts'
import { deleteUpload } from './delete-upload.ts'
import { fillUpload } from './fill-upload.ts'

/**
 * Begins and fills an upload in one go, for a movie that comes in the same request as its job. Nothing is left of it
 * when that fails; then throws as {@link beginUpload} and {@link fillUpload} do.
 */
export async function receiveMovie(
  context: OperationContext,
  caller: Caller,
  about: CreateUpload,
  content: { readonly body: Readable; readonly takesChunks?: boolean; readonly signal?: AbortSignal },
): Promise<Upload> {
  const { id } = await beginUpload(context, caller, about)
  try {
    return await fillUpload(context, caller, id, { ...content, announced: {} })
  } catch (error) {
    await deleteUpload(context, caller, id)
    throw error
  }
}
