import { z } from 'zod'

/** The schema of what stands at `path` in a request; `undefined` where the path leads out of it. */
export function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let current: z.ZodType | undefined = schema
  for (const part of path) {
    const inner: z.ZodType | undefined = current && unwrapped(current)
    if (inner instanceof z.ZodArray) current = inner.element as z.ZodType
    else if (inner instanceof z.ZodRecord) current = inner.valueType as z.ZodType
    else if (inner instanceof z.ZodObject) current = ownField(inner, String(part))
    else return undefined
  }
  return current
}

/** The names of the fields that may stand at `path`, in the order of the documentation. */
export function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const found = schemaAt(schema, path)
  const inner = found && unwrapped(found)
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}

/** Every place that has a field called `name`, such as `outputs[].preset`. */
export function placesOf(schema: z.ZodType, name: string, prefix = ''): readonly string[] {
  const inner = unwrapped(schema)
  if (inner instanceof z.ZodArray) return placesOf(inner.element as z.ZodType, name, `${prefix}[]`)
  if (!(inner instanceof z.ZodObject)) return []
  return Object.entries(inner.shape).flatMap(([key, field]) => {
    const place = prefix === '' ? key : `${prefix}.${key}`
    return [...(key === name ? [place] : []), ...placesOf(field as z.ZodType, name, place)]
  })
}

/** Without what says only that something may be left out. */
export function unwrapped(schema: z.ZodType): z.ZodType {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) inner = inner.unwrap() as z.ZodType
  return inner
}

function ownField(schema: z.ZodObject, name: string): z.ZodType | undefined {
  const shape: Readonly<Record<string, z.ZodType>> = schema.shape
  return Object.hasOwn(shape, name) ? shape[name] : undefined
}
