import { expiryHintKey } from '#shared/jobs/keys.ts'
import { clearUpload } from '#shared/jobs/retention.ts'
import { buryUpload } from '#shared/jobs/uploads.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { OperationContext } from './context.ts'
import { findUpload } from './find-upload.ts'

/**
 * Deletes an upload and its bytes, also while it is being filled. A job that was submitted with it and has not
 * fetched it yet fails with `input-missing`. Throws as {@link findUpload}.
 */
export async function deleteUpload(
  context: OperationContext,
  caller: Caller,
  uploadId: string,
): Promise<void> {
  const { store, clock } = context
  const found = await findUpload(store, caller.tenant, uploadId)
  // A hint of today: should this process die before the bytes are gone, the retention finishes the work.
  await store.putHint(expiryHintKey(clock.now(), 'upload', uploadId))
  await buryUpload(store, found, 'deleted', clock.now(), () => true)
  await clearUpload(context, caller.tenant, uploadId)
}
