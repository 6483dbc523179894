import { createHash } from 'node:crypto'

/** SHA-256 of what a request means: the same for the same content, however its fields were ordered or spaced. */
export const requestHash = (operation: string, request: unknown): string =>
  createHash('sha256')
    .update(`${operation}\n${JSON.stringify(sorted(request))}`)
    .digest('hex')

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, sorted(child)]),
  )
}
