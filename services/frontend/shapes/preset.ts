import { z } from 'zod'
import { settings } from '#shared/presets/settings.ts'
import { time } from './text.ts'

/** One frozen version of a preset. */
export const preset = z
  .object({
    name: z.string(),
    version: z.int(),
    kind: z.string().describe('file | stills'),
    title: z.string().optional(),
    description: z.string().optional(),
    settings,
    bounds: z
      .array(
        z
          .object({
            field: z.string(),
            min: z.number().optional(),
            max: z.number().optional(),
            allowed: z.array(z.string()).optional(),
          })
          .meta({ id: 'Bound' }),
      )
      .describe('What may be overridden, and how far; everything else is locked'),
    deprecatedAt: time.optional(),
    sha256: z.string(),
  })
  .meta({ id: 'Preset' })
