import { z } from 'zod'

/**
 * The shapes of what Reelmill finds out about media, the same in the record, REST, SOAP and the docs.
 * Absent means unknown, never 0 or ''. Units are in the names: `Sec` decimal seconds, `Bps` bits a second.
 */

export const stream = z
  .object({
    index: z.int().min(0),
    type: z.string().describe('video | audio | subtitle | data | attachment; more may come'),
    codec: z.string().optional().describe('The name ffmpeg uses, such as h264 or aac'),
    profile: z.string().optional(),
    width: z.int().optional().describe('Pixels, as coded'),
    height: z.int().optional().describe('Pixels, as coded'),
    rotationDeg: z
      .number()
      .optional()
      .describe('Clockwise rotation that a player applies: 0, 90, 180 or 270'),
    pixelFormat: z.string().optional(),
    colorSpace: z
      .string()
      .optional()
      .describe('The matrix, such as bt709; absent when the file does not say'),
    colorTransfer: z.string().optional(),
    colorPrimaries: z.string().optional(),
    colorRange: z.string().optional().describe('tv | pc'),
    hdr: z.string().optional().describe('hdr10 | hlg; absent for standard range'),
    sampleAspect: z.string().optional().describe('Such as "4/3"; absent when pixels are square or unknown'),
    fieldOrder: z.string().optional(),
    frameRate: z.string().optional().describe('A fraction such as "30000/1001"'),
    variableFrameRate: z.boolean().optional().describe('True when frames are not evenly spaced'),
    frameCount: z.int().optional(),
    packetCount: z.int().optional().describe("What the container's own index says, or what was counted"),
    bitrateBps: z.number().optional(),
    startSec: z.number().optional(),
    durationSec: z.number().optional(),
    channels: z.int().optional(),
    channelLayout: z.string().optional(),
    sampleRateHz: z.int().optional(),
    language: z.string().optional().describe('BCP 47'),
    isDefault: z.boolean().optional().describe('True when the file marks it as the one to play'),
    attachedPicture: z.boolean().optional().describe('True for cover art, which is not a video'),
  })
  .meta({ id: 'Stream' })
export type Stream = z.infer<typeof stream>

export const mediaInfo = z
  .object({
    container: z.string().describe('The demuxer names of ffmpeg, such as mov,mp4,m4a,3gp,3g2,mj2'),
    sizeBytes: z.int(),
    startSec: z.number().optional(),
    durationSec: z.number().optional(),
    bitrateBps: z.number().optional(),
    streams: z.array(stream),
  })
  .meta({ id: 'MediaInfo' })
export type MediaInfo = z.infer<typeof mediaInfo>

export const warning = z
  .object({
    code: z.string().describe('A stable code; new ones may come'),
    message: z.string(),
    input: z.string().optional(),
    output: z.string().optional(),
    count: z.int().optional(),
  })
  .meta({ id: 'Warning' })
export type Warning = z.infer<typeof warning>

export const check = z
  .object({
    name: z.string().describe('What was checked, such as duration or packet-count.video'),
    result: z.string().describe('passed | warned | failed'),
    detail: z.string().optional(),
  })
  .meta({ id: 'Check' })
export type Check = z.infer<typeof check>

export const jobError = z
  .object({
    code: z.string().describe('A stable code; see /errors/{code}'),
    message: z.string(),
    retry: z.string().describe('never | same | later | changed: whether trying again can help'),
    phase: z.string().optional().describe('fetch | probe | encode | verify | upload'),
    input: z.string().optional(),
    output: z.string().optional(),
    attempt: z.int().optional(),
    details: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: 'JobError' })
export type JobError = z.infer<typeof jobError>

/** A produced file as the worker publishes it, relative to the output's own folder. */
export const producedFile = z.object({
  path: z.string(),
  role: z.string().describe('main | poster | playlist | segment ...'),
  contentType: z.string().optional(),
  sizeBytes: z.int(),
  sha256: z.string(),
  durationSec: z.number().optional(),
})
export type ProducedFile = z.infer<typeof producedFile>
