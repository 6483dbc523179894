import { type FieldError, hasCode } from '#shared/errors.ts'
import type { FrozenOutput } from '#shared/jobs/record.ts'
import type { OutputRequest } from '../shapes/create-job.ts'
import { requestError } from '../shapes/parse-strict.ts'
import type { PresetCatalogue } from './preset-catalogue.ts'

/**
 * What a job will make: each preset's version and settings as they are now, with the overrides laid over them.
 * Throws one error for all outputs: `unknown-preset`, `override-out-of-bounds`, or `invalid-request` for two
 * outputs of one name and for a kind that is not the preset's.
 */
export function freezeOutputs(presets: PresetCatalogue, requests: readonly OutputRequest[]): FrozenOutput[] {
  const errors: FieldError[] = []
  const frozen: FrozenOutput[] = []
  const names = new Set<string>()
  for (const [index, request] of requests.entries()) {
    const pointer = `/outputs/${index}`
    try {
      const preset = presets.find(request.preset)
      const name = request.name ?? preset.name
      if (names.has(name)) {
        errors.push(invalid(`${pointer}/name`, `"${name}" is the name of another output; give each its own`))
      }
      names.add(name)
      if (request.kind !== undefined && request.kind !== preset.kind) {
        errors.push(invalid(`${pointer}/kind`, `the preset ${preset.name} makes ${preset.kind}`))
      }
      frozen.push({
        name,
        kind: preset.kind,
        preset: `${preset.name}@${preset.version}`,
        settings: presets.freeze(preset, request.overrides ?? {}),
      })
    } catch (error) {
      if (hasCode(error, 'unknown-preset')) {
        errors.push({ pointer: `${pointer}/preset`, code: error.code, message: error.message })
      } else if (hasCode(error, 'override-out-of-bounds')) {
        const details = error.errors.length > 0 ? error.errors : [{ ...error, pointer: '' }]
        for (const { pointer: field, message } of details) {
          errors.push({ pointer: `${pointer}/overrides${field}`, code: error.code, message })
        }
      } else throw error
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
