import type { Digest } from './digest.ts'

// The polynomial of NVM Express 1.4, 0xAD93D23594C93659, reflected. Two halves of 32 bits, since BigInt is far
// too slow for movies.
const POLYNOMIAL_LOW = 0xac4bc9b5
const POLYNOMIAL_HIGH = 0x9a6c9329
const [low, high] = makeTables()

/** CRC-64/NVME, what AWS's newer clients send for large objects. */
export class Crc64Nvme implements Digest {
  #low = -1
  #high = -1

  update(chunk: Uint8Array): void {
    let lo = this.#low
    let hi = this.#high
    for (let i = 0; i < chunk.length; i++) {
      const index = (lo ^ Number(chunk[i])) & 0xff
      lo = ((lo >>> 8) | (hi << 24)) ^ Number(low[index])
      hi = (hi >>> 8) ^ Number(high[index])
    }
    this.#low = lo
    this.#high = hi
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32BE(~this.#high >>> 0, 0)
    bytes.writeUInt32BE(~this.#low >>> 0, 4)
    return bytes
  }
}

function makeTables(): [Int32Array, Int32Array] {
  const lows = new Int32Array(256)
  const highs = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let lo = byte
    let hi = 0
    for (let bit = 0; bit < 8; bit++) {
      const carry = lo & 1
      lo = (lo >>> 1) | (hi << 31)
      hi >>>= 1
      if (carry) {
        lo ^= POLYNOMIAL_LOW
        hi ^= POLYNOMIAL_HIGH
      }
    }
    lows[byte] = lo
    highs[byte] = hi
  }
  return [lows, highs]
}
