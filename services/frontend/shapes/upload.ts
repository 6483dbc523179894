import { z } from 'zod'
import { time } from './text.ts'

/** An upload as clients see it. */
export const upload = z
  .object({
    id: z.string(),
    status: z.string().describe('open | completing | ready | failed | aborted'),
    fileName: z.string().optional(),
    contentType: z.string().optional(),
    sizeBytes: z.int().optional().describe('Of the content when it is ready; before that as announced'),
    receivedBytes: z.int().optional(),
    sha256: z.string().optional().describe('Absent when the parts went straight to the store'),
    contentUrl: z.string().optional().describe('PUT the content here; present while the upload is open'),
    partSizeBytes: z.int().optional().describe('Every part but the last has exactly this many bytes'),
    parts: z
      .array(z.object({ number: z.int(), url: z.string(), expiresAt: time }).meta({ id: 'UploadPart' }))
      .optional()
      .describe('Only in the answer to a request for parts: PUT each part to its url'),
    metadata: z.record(z.string(), z.string()),
    error: z.object({ code: z.string(), message: z.string() }).meta({ id: 'UploadError' }).optional(),
    createdAt: time,
    expiresAt: time.describe('When the content is deleted, unless a job needs it longer'),
  })
  .meta({ id: 'Upload' })
export type Upload = z.output<typeof upload>
