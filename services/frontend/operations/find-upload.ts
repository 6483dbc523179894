import { ReelmillError } from '#shared/errors.ts'
import { uploadKey } from '#shared/jobs/keys.ts'
import { parseUpload, type UploadRecord } from '#shared/jobs/upload-record.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'

/**
 * An upload on behalf of its tenant. Throws `not-found` when it never was or is another tenant's (the two are
 * told apart to nobody), `gone` when it expired or was deleted, `conflict` when a newer Reelmill wrote it.
 */
export async function findUpload(
  store: StateStore,
  tenant: string,
  uploadId: string,
): Promise<Found<UploadRecord>> {
  const facts = { uploadId }
  const found = await store.get<UploadRecord>(uploadKey(uploadId))
  if (!found || found.value.tenant !== tenant) {
    throw new ReelmillError(
      'not-found',
      `This tenant has no upload ${uploadId}. POST /v1/uploads begins one; its answer has the id.`,
      { facts },
    )
  }
  const upload = parseUpload(found)
  switch (upload.kind) {
    case 'upload':
      return found
    case 'tombstone':
      throw new ReelmillError(
        'gone',
        `The upload ${uploadId} was deleted or has expired. Upload the movie again.`,
        { facts },
      )
    case 'newer':
      throw new ReelmillError(
        'conflict',
        `The upload ${uploadId} was written by a newer version of Reelmill. Ask a server of that version.`,
        { facts },
      )
    default:
      throw upload satisfies never
  }
}
