import { ReelmillError } from '#shared/errors.ts'
import type { FrozenInput } from '#shared/jobs/record.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { CreateJob } from '../shapes/create-job.ts'
import type { OperationContext } from './context.ts'
import { findUpload } from './find-upload.ts'

/**
 * Where a job will read its movie from. Throws `upload-not-ready`, `location-not-granted`, and for uploads
 * `not-found` and `gone`.
 */
export async function freezeInput(
  context: OperationContext,
  caller: Caller,
  input: CreateJob['inputs'][number],
  id: string,
): Promise<FrozenInput> {
  const { uploadId, url } = input.source
  if (uploadId !== undefined) return freezeUpload(context, caller, uploadId, id)
  if (url !== undefined) return freezeLocation(context, caller, url, id)
  throw new ReelmillError('invalid-request', 'A source needs either uploadId or url.')
}

async function freezeUpload(
  context: OperationContext,
  caller: Caller,
  uploadId: string,
  id: string,
): Promise<FrozenInput> {
  const { value: upload } = await findUpload(context.store, caller.tenant, uploadId)
  if (upload.state !== 'ready' || upload.key === undefined) {
    throw new ReelmillError(
      'upload-not-ready',
      `The upload ${uploadId} is ${upload.state}. PUT its content (or complete its parts) first.`,
      { facts: { uploadId, state: upload.state } },
    )
  }
  // Parts went past us, so their declared hash is still to be checked: by the worker, as it fetches.
  const sha256 = upload.sha256 ?? upload.declaredSha256
  return {
    id,
    source: { uploadId },
    key: upload.key,
    ...(upload.fileName !== undefined && { fileName: upload.fileName }),
    ...(upload.sizeBytes !== undefined && { sizeBytes: upload.sizeBytes }),
    ...(sha256 !== undefined && { sha256 }),
  }
}

/** Without grants the service would read for one tenant what another, or the operator, owns (a confused deputy). */
async function freezeLocation(
  context: OperationContext,
  caller: Caller,
  url: string,
  id: string,
): Promise<FrozenInput> {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(url) ?? []
  const tenant = await context.tenants.read(caller.tenant)
  const granted = tenant?.grants.some((prefix) => url.startsWith(prefix)) ?? false
  if (!bucket || !key || !granted || context.ownBuckets.includes(bucket)) {
    throw new ReelmillError(
      'location-not-granted',
      `This tenant may not read ${url}. An administrator grants a prefix with \`npm run keys -- grant\`; or use an upload.`,
      { facts: { url } },
    )
  }
  const fileName = key.split('/').at(-1)
  return { id, source: { url }, bucket, key, ...(fileName && { fileName: fileName.slice(0, 255) }) }
}
