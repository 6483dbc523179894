import { randomBytes } from 'node:crypto'

/** What an id names. Clients see `job_ upl_ evt_ whk_`; the rest stay inside. */
export type IdPrefix = 'job' | 'upl' | 'evt' | 'whk' | 'lea' | 'wrk' | 'key' | 'req' | 'mst'

// Crockford's base 32: no I, L, O or U, and in the order of its ASCII codes, so ids sort as their times do.
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const TIME_CHARS = 10
const RANDOM_BYTES = 10

/**
 * A new id: `<prefix>_` and 26 characters, of which the first ten are the time in milliseconds (so ids made
 * later sort later, across processes, to the millisecond) and the rest 80 random bits.
 */
export function newId(prefix: IdPrefix, nowMs: number): string {
  return `${prefix}_${encodeTime(nowMs)}${encodeRandom(randomBytes(RANDOM_BYTES))}`
}

/** The time inside an id made by {@link newId}, in milliseconds; `undefined` when it is not such an id. */
export function timeOfId(id: string): number | undefined {
  const time = /^[a-z]{3}_([0-9A-HJKMNP-TV-Z]{10})[0-9A-HJKMNP-TV-Z]{16}$/.exec(id)?.[1]
  if (time === undefined) return undefined
  let ms = 0
  for (const char of time) ms = ms * 32 + ALPHABET.indexOf(char)
  return ms
}

/** A secret of `bytes` random bytes in URL-safe base 64. */
export const newSecret = (bytes = 24): string => randomBytes(bytes).toString('base64url')

function encodeTime(ms: number): string {
  let rest = ms
  let text = ''
  for (let i = 0; i < TIME_CHARS; i++) {
    text = ALPHABET.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

function encodeRandom(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 5) {
    let chunk = 0n
    for (const byte of bytes.subarray(i, i + 5)) chunk = (chunk << 8n) | BigInt(byte)
    for (let shift = 35n; shift >= 0n; shift -= 5n) text += ALPHABET.charAt(Number((chunk >> shift) & 31n))
  }
  return text
}
