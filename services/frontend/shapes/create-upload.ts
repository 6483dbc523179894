import { z } from 'zod'
import { parseStrict } from './parse-strict.ts'
import { lineOfText, metadata } from './text.ts'

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case')
  .describe('Of the whole content; what arrives must match')

/** What a client announces of a movie before it sends it. */
export const createUpload = z
  .strictObject({
    fileName: lineOfText(255).optional(),
    contentType: lineOfText(127).optional(),
    sizeBytes: z.int().min(0).optional().describe('What arrives must be exactly so long'),
    sha256: sha256.optional(),
    metadata: metadata.optional(),
  })
  .meta({ id: 'CreateUpload' })
export type CreateUpload = z.output<typeof createUpload>

export const parseCreateUpload = (body: unknown): CreateUpload => parseStrict(createUpload, body)

/** Which parts to presign: a page of them, so that a movie of any size works. */
export const presignParts = z
  .strictObject({
    firstNumber: z.int().min(1).max(10_000).optional().describe('Default 1'),
    count: z.int().min(1).max(200).optional().describe('Default 100'),
  })
  .meta({ id: 'PresignParts' })
export type PresignParts = z.output<typeof presignParts>
