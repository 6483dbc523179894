import { messageOf } from '#shared/errors.ts'
import type { DriverFailure, DriverFailureKind } from './driver.ts'

/** Sorts whatever a provider threw into the four kinds that the master acts on. The one place that knows codes. */
export function sortFailure(error: unknown): DriverFailure {
  const code = codeOf(error)
  return { kind: kinds[code] ?? 'other', reason: messageOf(error), cause: error }
}

// Errors of fork and exec: fork(2), execve(2).
const kinds: Readonly<Record<string, DriverFailureKind>> = {
  EAGAIN: 'capacity', // the limit on processes
  ENOMEM: 'capacity',
  ENOSPC: 'capacity',
  EDQUOT: 'capacity',
  ENOENT: 'not-found',
  EACCES: 'not-found', // there, but not executable for us
  EMFILE: 'rate-limit', // our own files are used up by launches under way
  ENFILE: 'rate-limit',
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
