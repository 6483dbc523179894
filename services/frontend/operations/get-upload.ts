import type { Caller } from '#shared/tenants/caller.ts'
import type { Upload } from '../shapes/upload.ts'
import type { OperationContext } from './context.ts'
import { findUpload } from './find-upload.ts'
import { presentUpload } from './present-upload.ts'

/** The upload as it stands. Throws as {@link findUpload}. */
export async function getUpload(
  context: OperationContext,
  caller: Caller,
  uploadId: string,
): Promise<{ readonly upload: Upload; readonly revision: number }> {
  const { value } = await findUpload(context.store, caller.tenant, uploadId)
  return { upload: presentUpload(value, context.publicUrl), revision: value.rev }
}
