import { randomBytes } from 'node:crypto'

/**
 * Names requests in logs and answers: what tells this process from others, and a number. Thousands a second are
 * asked for, and nobody needs them to be unguessable.
 */
export function createRequestIds(): () => string {
  const process = randomBytes(6).toString('hex').toUpperCase()
  let count = 0
  return () => `${process}${(++count).toString(36).toUpperCase().padStart(8, '0')}`
}
