import { type FieldError, hasCode } from '#shared/errors.ts'
import type { FrozenOutput } from '#shared/jobs/record.ts'
import { findPreset, presetReference } from '#shared/presets/catalogue.ts'
import { resolveSettings } from '#shared/presets/resolve-settings.ts'
import type { OutputRequest } from '../shapes/create-job.ts'
import { requestError } from '../shapes/parse-strict.ts'

/**
 * What a job will make: each preset's version and settings as they are now, with the overrides laid over them.
 * Throws one error for all outputs: `unknown-preset`, `override-out-of-bounds`, or `invalid-request` for two
 * outputs of one name and for a kind that is not the preset's.
 */
export function freezeOutputs(requests: readonly OutputRequest[]): FrozenOutput[] {
  const errors: FieldError[] = []
  const frozen: FrozenOutput[] = []
  const names = new Set<string>()
  for (const [index, request] of requests.entries()) {
    const pointer = `/outputs/${index}`
    try {
      const preset = findPreset(request.preset)
      const name = request.name ?? preset.name
      if (names.has(name)) {
        errors.push(invalid(`${pointer}/name`, `"${name}" is the name of another output; give each its own`))
      }
      names.add(name)
      if (request.kind !== undefined && request.kind !== preset.kind) {
        errors.push(invalid(`${pointer}/kind`, `the preset ${preset.name} makes ${preset.kind}`))
      }
      const resolved = resolveSettings(preset, request.overrides, `${pointer}/overrides`)
      errors.push(...resolved.errors)
      frozen.push({ name, kind: preset.kind, preset: presetReference(preset), settings: resolved.settings })
    } catch (error) {
      if (!hasCode(error, 'unknown-preset')) throw error
      errors.push({ pointer: `${pointer}/preset`, code: error.code, message: error.message })
    }
  }
  if (errors.length > 0) throw requestError(errors)
  return frozen
}

const invalid = (pointer: string, message: string): FieldError => ({
  pointer,
  code: 'invalid-request',
  message,
})
