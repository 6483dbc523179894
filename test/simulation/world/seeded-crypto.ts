import type { Chance } from '../engine/chance.ts'

// What production code in a simulated world imports as node:crypto: hashes are real, chance is the seed's.
export * from 'node:crypto'

let chance: Chance | undefined

/** From here on all randomness comes from `source`. */
export function seedCrypto(source: Chance): void {
  chance = source
}

export function randomBytes(count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => seeded().below(256)))
}

export function randomUUID(): string {
  const hex = randomBytes(16).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function seeded(): Chance {
  if (!chance) throw new Error('seedCrypto must be called before anything random is made.')
  return chance
}
