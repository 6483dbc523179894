import type { JobEventMessage } from '#shared/jobs/notifier.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import type { Stamp } from '#shared/state/state-store.ts'

/** An event as it is sent: what happened to which job, and a summary of the job to act on. */
export interface WebhookEvent {
  readonly id: string
  readonly type: string
  readonly timestamp: string
  readonly jobId: string
  readonly attempt?: number
  readonly revision?: number
  readonly data: Readonly<Record<string, unknown>>
}

/** The most bytes that an event may have. Standard Webhooks: small, so that any receiver takes it. */
export const MOST_BYTES = 20_000

/**
 * The id of an event: the same for each repeat. Full stops separate the parts of what is signed, so the
 * specification keeps them out of ids; ids of ours are at most 64 of `[A-Za-z0-9_]`.
 */
export const eventId = (message: JobEventMessage): string =>
  `evt_${message.id.replaceAll(/[^A-Za-z0-9_]/g, '_')}`.slice(0, 64)

/**
 * The body of the event as JSON, at most {@link MOST_BYTES}: what makes it too large is left out, files first, and
 * `data.truncated` says so; the job itself always has everything. No presigned URL is ever part of it.
 */
export function eventBody(job: JobRecord & Partial<Stamp>, message: JobEventMessage): string {
  const { metadata, outputs, ...rest } = summary(job)
  const bare = outputs?.map(({ files: _, ...output }) => output)
  const candidates: Readonly<Record<string, unknown>>[] = [
    { ...rest, metadata, outputs },
    { ...rest, metadata, outputs: bare, truncated: true },
    { ...rest, outputs: bare, truncated: true },
    { ...rest, truncated: true },
  ]
  for (const data of candidates) {
    const body = JSON.stringify(event(job, message, data))
    if (Buffer.byteLength(body) <= MOST_BYTES) return body
  }
  return JSON.stringify(event(job, message, { id: job.id, status: job.status, truncated: true }))
}

function event(
  job: JobRecord & Partial<Stamp>,
  message: JobEventMessage,
  data: Readonly<Record<string, unknown>>,
): WebhookEvent {
  return {
    id: eventId(message),
    type: message.type,
    timestamp: message.timestamp,
    jobId: job.id,
    ...(job.fence > 0 && { attempt: job.fence }),
    ...(job.rev !== undefined && { revision: job.rev }),
    data,
  }
}

function summary(job: JobRecord) {
  return {
    id: job.id,
    status: job.status,
    reference: job.reference,
    metadata: job.metadata,
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    endedAt: job.endedAt,
    error: job.error,
    warnings: job.warnings.length > 0 ? job.warnings : undefined,
    outputs: job.result?.outputs.map(
      ({ name, status, reason, durationSec, files, fileCount, totalBytes }) => ({
        name,
        status,
        reason,
        durationSec,
        fileCount,
        totalBytes,
        files: files.map(({ path, role, contentType, sizeBytes, sha256 }) => ({
          path,
          role,
          contentType,
          sizeBytes,
          sha256,
        })),
      }),
    ),
  }
}
