/**
 * Works that run beside each other though mocha runs one test at a time: clients are processes of their own, and
 * the machine has more than one core. The first that is waited for starts them all, `width` at a time, in order.
 */
export class Lanes {
  readonly #width: number
  readonly #waiting: (() => Promise<void>)[] = []
  #running: Promise<void> | undefined

  constructor(width: number) {
    this.#width = width
  }

  /** Adds a work; the function that waits for its end, and fails as it failed. */
  add(work: () => Promise<void>): () => Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    promise.catch(() => undefined) // heard by whoever waits, perhaps later than it fails
    this.#waiting.push(() => work().then(resolve, reject))
    return () => {
      this.#running ??= this.#run()
      return promise
    }
  }

  /** Begins nothing more, and waits for what has begun: a run of a few tests has started others too. */
  async end(): Promise<void> {
    this.#waiting.length = 0
    await this.#running
  }

  async #run(): Promise<void> {
    const lane = async () => {
      for (let work = this.#waiting.shift(); work; work = this.#waiting.shift()) await work()
    }
    await Promise.all(Array.from({ length: this.#width }, lane))
  }
}
