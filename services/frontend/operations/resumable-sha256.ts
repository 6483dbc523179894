const BLOCK_BYTES = 64
const STATE_BYTES = 40

/**
 * SHA-256 (FIPS 180-4) that can be put down between two requests and taken up by another process: Node's own cannot
 * say where it stands. An upload by chunks is hashed with it as it comes, so that nobody has to read a movie of many
 * gigabytes again when it is complete. About a third of the speed of Node's.
 */
export class ResumableSha256 {
  readonly #hash: Int32Array
  readonly #words = new Int32Array(BLOCK_BYTES)
  readonly #rest = Buffer.alloc(BLOCK_BYTES)
  #restBytes = 0
  #totalBytes = 0

  /** From the beginning, or from what {@link state} said. Throws for anything else. */
  constructor(state?: string) {
    this.#hash = Int32Array.from(INITIAL)
    if (state === undefined) return
    const saved = Buffer.from(state, 'base64')
    if (saved.length < STATE_BYTES || saved.length >= STATE_BYTES + BLOCK_BYTES)
      throw new Error('This is not the state of a SHA-256.')
    for (let i = 0; i < INITIAL.length; i++) this.#hash[i] = saved.readInt32BE(4 * i)
    this.#totalBytes = Number(saved.readBigUInt64BE(32))
    this.#restBytes = saved.copy(this.#rest, 0, STATE_BYTES)
  }

  update(bytes: Uint8Array): void {
    this.#totalBytes += bytes.length
    let at = 0
    if (this.#restBytes > 0) {
      at = Math.min(BLOCK_BYTES - this.#restBytes, bytes.length)
      this.#rest.set(bytes.subarray(0, at), this.#restBytes)
      this.#restBytes += at
      if (this.#restBytes < BLOCK_BYTES) return
      this.#block(this.#rest, 0)
      this.#restBytes = 0
    }
    for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) this.#block(bytes, at)
    this.#rest.set(bytes.subarray(at))
    this.#restBytes = bytes.length - at
  }

  /** Where it stands, as text: give it to the constructor to go on. */
  state(): string {
    const saved = Buffer.alloc(STATE_BYTES + this.#restBytes)
    for (const [i, word] of this.#hash.entries()) saved.writeInt32BE(word, 4 * i)
    saved.writeBigUInt64BE(BigInt(this.#totalBytes), 32)
    this.#rest.copy(saved, STATE_BYTES, 0, this.#restBytes)
    return saved.toString('base64')
  }

  /** Of everything so far, in lower-case hexadecimal. */
  digest(): string {
    const end = new ResumableSha256(this.state())
    const padding = Buffer.alloc(this.#restBytes < 56 ? 64 - this.#restBytes : 128 - this.#restBytes)
    padding[0] = 0x80
    padding.writeBigUInt64BE(BigInt(this.#totalBytes) * 8n, padding.length - 8)
    end.update(padding)
    return Array.from(end.#hash, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  // Named as in the standard. Typed arrays read as 0 outside their bounds, which never happens here.
  #block(bytes: Uint8Array, from: number): void {
    const w = this.#words
    const hash = this.#hash
    for (let t = 0; t < 16; t++) {
      const at = from + 4 * t
      w[t] =
        ((bytes[at] ?? 0) << 24) |
        ((bytes[at + 1] ?? 0) << 16) |
        ((bytes[at + 2] ?? 0) << 8) |
        (bytes[at + 3] ?? 0)
    }
    for (let t = 16; t < 64; t++) {
      const a = w[t - 15] ?? 0
      const b = w[t - 2] ?? 0
      const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3)
      const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10)
      w[t] = ((w[t - 16] ?? 0) + s0 + (w[t - 7] ?? 0) + s1) | 0
    }
    // Word by word: taking the array apart at once goes through an iterator, for every 64 bytes.
    let a = hash[0] ?? 0
    let b = hash[1] ?? 0
    let c = hash[2] ?? 0
    let d = hash[3] ?? 0
    let e = hash[4] ?? 0
    let f = hash[5] ?? 0
    let g = hash[6] ?? 0
    let h = hash[7] ?? 0
    for (let t = 0; t < 64; t++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[t] ?? 0) + (w[t] ?? 0)) | 0
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b
      b = a
      a = (t1 + t2) | 0
    }
    hash[0] = (hash[0] ?? 0) + a
    hash[1] = (hash[1] ?? 0) + b
    hash[2] = (hash[2] ?? 0) + c
    hash[3] = (hash[3] ?? 0) + d
    hash[4] = (hash[4] ?? 0) + e
    hash[5] = (hash[5] ?? 0) + f
    hash[6] = (hash[6] ?? 0) + g
    hash[7] = (hash[7] ?? 0) + h
  }
}

/** The first 32 bits of the fractional part of `root(prime)`, for the first `count` primes. */
function fractions(count: number, root: (prime: number) => number): Int32Array {
  const words = new Int32Array(count)
  for (let prime = 2, i = 0; i < count; prime++) {
    if (isPrime(prime)) words[i++] = ((root(prime) % 1) * 2 ** 32) | 0
  }
  return words
}

function isPrime(n: number): boolean {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false
  return true
}

const INITIAL = fractions(8, Math.sqrt)
const K = fractions(64, Math.cbrt)
