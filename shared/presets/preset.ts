import { createHash } from 'node:crypto'
import { z } from 'zod'
import { settings } from '#shared/presets/settings.ts'

/** Within what a field of a preset may be overridden. Fields without a bound are locked. */
export const bound = z.strictObject({
  field: z.string().describe('Such as video.crf or audio[].bitrateBps'),
  min: z.number().optional(),
  max: z.number().optional(),
  allowed: z.array(z.string()).optional().describe('Numbers and booleans as JSON spells them'),
})
export type Bound = z.infer<typeof bound>

/** A named, frozen set of settings. A published version never changes: what changes is a new version. */
export const preset = z
  .strictObject({
    name: z.string(),
    version: z.int().min(1),
    kind: z.enum(['file', 'stills']),
    title: z.string(),
    description: z.string(),
    settings,
    bounds: z.array(bound),
    deprecatedAt: z.iso.datetime().optional(),
    sha256: z.string().describe('Of the canonical JSON of name, version, kind, settings and bounds'),
  })
  .meta({ id: 'Preset' })
export type Preset = z.infer<typeof preset>

/** Freezes a preset and signs what of it decides about outputs; its texts may be reworded. */
export function definePreset(definition: Omit<Preset, 'sha256'>): Preset {
  const { name, version, kind, settings: own, bounds } = definition
  const sha256 = createHash('sha256')
    .update(canonicalJson({ name, version, kind, settings: own, bounds }))
    .digest('hex')
  return deepFreeze(preset.parse({ ...definition, sha256 }))
}

/** JSON with sorted keys and no spaces, so that equal values are equal texts. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
