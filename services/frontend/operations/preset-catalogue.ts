import type { Settings } from '#shared/presets/settings.ts'

/** One version of a preset, as users read it. */
export interface PresetDocument {
  readonly name: string
  readonly version: number
  readonly kind: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly settings: Settings
  /** Fields that may be overridden; all others are locked. */
  readonly bounds: readonly {
    readonly field: string
    readonly min?: number | undefined
    readonly max?: number | undefined
    readonly allowed?: readonly string[] | undefined
  }[]
  readonly deprecatedAt?: string | undefined
  readonly sha256: string
}

/** The presets that this service knows. */
export interface PresetCatalogue {
  /** Every version of every preset, by name, newest version first. */
  list(): readonly PresetDocument[]
  /** By `name` (its newest version) or `name@version`. Throws `unknown-preset`. */
  find(reference: string): PresetDocument
  /**
   * The preset's settings with `overrides` laid over them. Throws `override-out-of-bounds`, its `errors` pointing
   * into `overrides`.
   */
  freeze(preset: PresetDocument, overrides: Settings): Settings
}
