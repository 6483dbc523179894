import { z } from 'zod'
import { findPreset, listPresets } from '#shared/presets/catalogue.ts'
import { preset } from '#shared/presets/preset.ts'
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
        const found = findPreset(param(ctx, 'preset'))
        answerTagged(ctx, found.sha256, found)
      },
    },
  ]
}
