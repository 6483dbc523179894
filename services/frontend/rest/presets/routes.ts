import { z } from 'zod'
import { hasCode, ReelmillError } from '#shared/errors.ts'
import { findPreset, listPresets } from '#shared/presets/catalogue.ts'
import { type Preset, preset } from '#shared/presets/preset.ts'
import { answers, answerTagged, etagHeader, pageOf } from '../answers.ts'
import { param, type Route } from '../route.ts'

const tags = ['Presets']

/** `/v1/presets`: the settings that have names. They change only by new versions. */
export function presetRoutes(): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/presets',
      scope: 'read',
      operation: {
        operationId: 'listPresets',
        tags,
        summary: 'List presets with all their versions',
        responses: answers(200, 'All presets', pageOf(preset, 'PresetPage')),
      },
      handle(ctx) {
        ctx.body = { items: listPresets() }
      },
    },
    {
      method: 'get',
      path: '/v1/presets/{preset}',
      scope: 'read',
      operation: {
        operationId: 'getPreset',
        tags,
        summary: 'Look at a preset',
        description: 'By `name` (its newest version) or `name@version`.',
        requestParams: { path: z.object({ preset: z.string() }) },
        responses: answers(200, 'The preset', preset, etagHeader),
      },
      handle(ctx) {
        const found = lookUp(param(ctx, 'preset'))
        answerTagged(ctx, found.sha256, found)
      },
    },
  ]
}

/** In a path an unknown preset is a resource that is not there; in a job, a value that does not fit. */
function lookUp(name: string): Preset {
  try {
    return findPreset(name)
  } catch (error) {
    if (!(error instanceof ReelmillError && hasCode(error, 'unknown-preset'))) throw error
    throw new ReelmillError('not-found', error.message, { facts: error.facts, cause: error })
  }
}
