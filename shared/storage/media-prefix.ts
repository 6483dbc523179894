import type { MediaStore } from '#shared/storage/media-store.ts'

const BATCH = 1000 // as many as DeleteObjects takes

/** Deletes every object under `prefix` except those for which `keep` says so. Returns how many went. */
export async function deletePrefix(
  media: MediaStore,
  prefix: string,
  keep: (key: string) => boolean = () => false,
): Promise<number> {
  let batch: string[] = []
  let deleted = 0
  const flush = async () => {
    if (batch.length === 0) return
    await media.delete(batch)
    deleted += batch.length
    batch = []
  }
  for await (const { key } of media.list(prefix)) {
    if (keep(key)) continue
    batch.push(key)
    if (batch.length === BATCH) await flush()
  }
  await flush()
  return deleted
}

/**
 * Aborts every unfinished multipart upload under `prefix`: their parts cost money and no list of objects shows them.
 */
export async function abortMultiparts(media: MediaStore, prefix: string): Promise<void> {
  for await (const { key, uploadId } of media.listMultiparts(prefix))
    await media.abortMultipart(key, uploadId)
}
