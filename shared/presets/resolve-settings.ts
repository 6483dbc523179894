import type { FieldError } from '#shared/errors.ts'
import type { Bound, Preset } from '#shared/presets/preset.ts'
import type { Settings } from '#shared/presets/settings.ts'

/**
 * Applies what a request overrides to a preset: objects merge deep, lists replace whole, and only what the preset has
 * a bound for may differ from it. All problems are reported together (`override-out-of-bounds`), each with a JSON
 * pointer into `overrides` under `pointer`. With errors, `settings` are the preset's own.
 */
export function resolveSettings(
  preset: Preset,
  overrides: Settings = {},
  pointer = '',
): { readonly settings: Settings; readonly errors: readonly FieldError[] } {
  const merged = merge(preset.settings, overrides) as Settings
  const errors = outOfBounds(preset, merged, pointer)
  return { settings: errors.length > 0 ? preset.settings : merged, errors }
}

type Path = readonly (string | number)[]

/** Every place in a value, branches included, with its path. */
function leaves(value: unknown, path: Path = []): readonly { path: Path; value: unknown; branch: boolean }[] {
  const branch = typeof value === 'object' && value !== null
  const own = path.length > 0 ? [{ path, value, branch }] : []
  if (!branch) return own
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? value.map((inner, index) => [index, inner] as const)
    : Object.entries(value)
  return [...own, ...entries.flatMap(([key, inner]) => leaves(inner, [...path, key]))]
}

function merge(base: unknown, over: unknown): unknown {
  if (over === undefined) return base
  if (!isObject(base) || !isObject(over)) return over
  const keys = new Set([...Object.keys(base), ...Object.keys(over)])
  return Object.fromEntries([...keys].map((key) => [key, merge(base[key], over[key])]))
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Compares the merged settings with the preset's: each place that differs, or is gone, needs a bound that holds it. */
function outOfBounds(preset: Preset, merged: Settings, pointer: string): readonly FieldError[] {
  const ends = (value: unknown) =>
    new Map(
      leaves(value)
        .filter(({ branch }) => !branch)
        .map((leaf) => [leaf.path.join('/'), leaf]),
    )
  const before = ends(preset.settings)
  const after = ends(merged)
  const errors: FieldError[] = []
  for (const [key, { path, value }] of after) {
    if (before.get(key)?.value === value) continue
    const name = fieldName(path)
    const problem = problemWith(
      preset.bounds.find((bound) => bound.field === name),
      value,
    )
    if (problem)
      errors.push(outside(pointerTo(pointer, path), `${name} ${problem} in the preset ${preset.name}.`))
  }
  for (const [key, { path }] of before) {
    const name = fieldName(path)
    if (after.has(key) || preset.bounds.some((bound) => bound.field === name)) continue
    errors.push(
      outside(
        pointerTo(pointer, path),
        `${name} is locked in the preset ${preset.name}: a list replaces the preset's whole, so repeat it.`,
      ),
    )
  }
  return errors
}

function problemWith(bound: Bound | undefined, value: unknown): string | undefined {
  if (!bound) return 'is locked'
  if (bound.allowed && !bound.allowed.includes(String(value))) {
    return `must be one of ${bound.allowed.join(', ')}`
  }
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = bound
  return typeof value === 'number' && (value < min || value > max)
    ? `must be ${Number.isFinite(min) ? `from ${min} ` : ''}${Number.isFinite(max) ? `up to ${max}` : ''}`.trimEnd()
    : undefined
}

const outside = (pointer: string, message: string): FieldError => ({
  pointer,
  code: 'override-out-of-bounds',
  message,
})

/** `['audio', 0, 'codec']` as bounds and reserved names spell it: `audio[].codec`. */
const fieldName = (path: Path): string =>
  path
    .map((key) => (typeof key === 'number' ? '[]' : `.${key}`))
    .join('')
    .replace(/^\./, '')

const pointerTo = (base: string, path: Path): string =>
  base + path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
