/** A reply in MTOM: the envelope, and the bytes of the part that it refers to, if it has one. */
export interface MtomReply {
  readonly envelope: string
  /** To be read to its end, or left. */
  readonly content: AsyncGenerator<Uint8Array, void> | undefined
}

/** Takes a multipart/related reply apart (RFC 2387, XOP): the envelope first, then at most one part of bytes. */
export async function readMtom(body: AsyncIterable<Uint8Array>, contentType: string): Promise<MtomReply> {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1]
  if (boundary === undefined) throw new Error(`there is no boundary in the Content-Type ${contentType}`)
  const delimiter = `\r\n--${boundary}`
  // The first delimiter may stand at the very start, without a line before it.
  const cut = new Cutter(body, Buffer.from('\r\n'))
  await cut.textUntil(delimiter)
  await cut.textUntil('\r\n\r\n')
  const envelope = await cut.textUntil(delimiter)
  const isLast = (await cut.textUntil('\r\n')) === '--'
  if (isLast) return { envelope, content: undefined }
  await cut.textUntil('\r\n\r\n')
  return { envelope, content: cut.bytesUntil(`${delimiter}--`) }
}

/** Cuts a stream at marks, of which each may be torn between two chunks. */
class Cutter {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Buffer

  constructor(source: AsyncIterable<Uint8Array>, first: Buffer) {
    this.#source = source[Symbol.asyncIterator]()
    this.#rest = first
  }

  async textUntil(mark: string): Promise<string> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.bytesUntil(mark)) chunks.push(chunk)
    return Buffer.concat(chunks).toString('utf8')
  }

  async *bytesUntil(mark: string): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const at = this.#rest.indexOf(mark)
      // What cannot be the beginning of the mark goes on at once.
      const end = at === -1 ? Math.max(0, this.#rest.length - mark.length + 1) : at
      const ready = this.#rest.subarray(0, end)
      this.#rest = this.#rest.subarray(at === -1 ? end : at + mark.length)
      if (ready.length > 0) yield ready
      if (at !== -1) return
      const next = await this.#source.next()
      if (next.done) throw new Error('the reply was cut short')
      this.#rest = Buffer.concat([this.#rest, next.value])
    }
  }
}
