import { z } from 'zod'

/**
 * What an encode is made of, one shape everywhere: in a preset, in an override, frozen in a job's record.
 * Everything is optional, because an override says only what differs; absent means inherit, else the default
 * that the field names. Objects merge deep, lists replace whole. Fields and values that are reserved are in
 * reserved-settings.ts.
 */

/** A frame rate: whole ("25") or a fraction ("30000/1001"). */
const frameRate = z.string().regex(/^[1-9]\d{0,5}(\/[1-9]\d{0,5})?$/, 'must be such as "25" or "30000/1001"')

const pixels = z.int().min(16).max(8192)

export const videoSettings = z
  .strictObject({
    codec: z.enum(['h264']).optional(),
    profile: z.enum(['baseline', 'main', 'high']).optional().describe('Default high'),
    level: z
      .string()
      .regex(/^[1-6](\.[0-2])?$/, 'must be such as "4" or "4.1"')
      .optional()
      .describe('Default: the lowest that fits'),
    width: pixels
      .optional()
      .describe('Width of the box for landscape pictures; the box turns with portrait ones'),
    height: pixels.optional().describe('Height of the box for landscape pictures'),
    fit: z
      .enum(['contain', 'cover', 'pad', 'stretch', 'none'])
      .optional()
      .describe(
        'contain (default): whole picture inside the box. cover: fills the box, the rest is cut off. pad: contain, with black bars to the size of the box. stretch: exactly the box. none: the size of the input',
      ),
    upscale: z.boolean().optional().describe('Whether the picture may grow. Default false'),
    maxFrameRate: frameRate.optional().describe('Faster input is thinned out to this. Default: no limit'),
    rateControl: z.enum(['crf', 'average']).optional().describe('Default crf'),
    crf: z.number().min(0).max(51).optional().describe('Constant quality, lower is better. Default 23'),
    bitrateBps: z.int().min(10_000).max(200_000_000).optional().describe('For rateControl average'),
    maxBitrateBps: z
      .int()
      .min(10_000)
      .max(200_000_000)
      .optional()
      .describe('The cap that crf may not exceed'),
    bufferBits: z
      .int()
      .min(10_000)
      .max(400_000_000)
      .optional()
      .describe('Over how much the cap is averaged. Default: twice maxBitrateBps'),
    gopSec: z.number().min(0.2).max(20).optional().describe('A keyframe at least this often. Default 2'),
    fixedGop: z
      .boolean()
      .optional()
      .describe('Keyframes only every gopSec, not also at scene cuts. Default false'),
    pixelFormat: z.enum(['yuv420p']).optional().describe('Default yuv420p'),
    effort: z
      .enum(['low', 'medium', 'high'])
      .optional()
      .describe('How much time goes into a smaller file. Default medium'),
  })
  .meta({ id: 'VideoSettings' })
export type VideoSettings = z.infer<typeof videoSettings>

export const audioSettings = z
  .strictObject({
    codec: z.enum(['aac']).optional(),
    bitrateBps: z.int().min(8_000).max(1_000_000).optional().describe('Default 64 kbit/s per channel'),
    sampleRateHz: z
      .literal([8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
      .optional()
      .describe('Default 48000'),
    channels: z.int().min(1).max(8).optional().describe('The most there may be; fewer stay fewer. Default 2'),
  })
  .meta({ id: 'AudioSettings' })

export const stillsSettings = z
  .strictObject({
    format: z.enum(['jpg']).optional().describe('Default jpg'),
    selection: z
      .enum(['auto'])
      .optional()
      .describe('auto (default): a representative frame from the first part of the movie that is not black'),
    count: z.int().min(1).max(1).optional().describe('Default 1'),
    width: pixels.optional().describe('Width of the box that holds the picture; it turns with portrait ones'),
    height: pixels.optional().describe('Height of the box that holds the picture'),
  })
  .meta({ id: 'StillsSettings' })

export const settings = z
  .strictObject({
    container: z.enum(['mp4', 'm4a']).optional(),
    include: z
      .array(z.enum(['video', 'audio']))
      .optional()
      .describe('What goes into the output. Sound that the input does not have is left out of a movie'),
    video: videoSettings.optional(),
    audio: z.array(audioSettings).max(1).optional(),
    stills: stillsSettings.optional(),
    onInputDamage: z
      .enum(['fail', 'warn'])
      .optional()
      .describe(
        'fail (default): an input of which something is missing or undecodable fails the job. warn: what can be saved is encoded, and the job has warnings',
      ),
  })
  .meta({ id: 'Settings' })
export type Settings = z.infer<typeof settings>
