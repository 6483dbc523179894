import { createHash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'

/** Counts and hashes what passes through, and ends it with `tooMuch()` beyond `mostBytes`. */
export class ByteMeter extends Transform {
  readonly #hash = createHash('sha256')
  readonly #mostBytes: number
  readonly #tooMuch: () => Error
  #bytes = 0
  #sha256: string | undefined

  constructor(options: { readonly mostBytes: number; readonly tooMuch: () => Error }) {
    super()
    this.#mostBytes = options.mostBytes
    this.#tooMuch = options.tooMuch
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Of everything; ask when the stream has ended. */
  sha256(): string {
    this.#sha256 ??= this.#hash.digest('hex')
    return this.#sha256
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#mostBytes) done(this.#tooMuch())
    else {
      this.#hash.update(chunk)
      done(null, chunk)
    }
  }
}
