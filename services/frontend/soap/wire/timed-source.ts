import type { IncomingMessage } from 'node:http'
import { soapError } from '../soap-error.ts'
import { type SoapLimits, soapLimitVariables } from '../soap-limits.ts'

/**
 * A request's bytes, with time limits on its sender: `headMs` for all that comes before the movie (until
 * `endHead`), and `stallMs` of silence at any time. Time in which nobody reads does not count. Ending the iteration
 * early, or an error, leaves the connection open, because the fault must still go out.
 *
 * Throws `request-timeout`; and `request-timeout` as well, with the connection's error as cause, when the client
 * goes away.
 */
export class TimedSource implements AsyncIterable<Uint8Array> {
  readonly #request: IncomingMessage
  readonly #limits: Pick<SoapLimits, 'headMs' | 'stallMs'>
  #headLeftMs: number | undefined

  constructor(request: IncomingMessage, limits: Pick<SoapLimits, 'headMs' | 'stallMs'>) {
    this.#request = request
    this.#limits = limits
    this.#headLeftMs = limits.headMs
  }

  /** From now on the movie comes, which may take hours. */
  endHead(): void {
    this.#headLeftMs = undefined
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    // Its default would destroy the connection as soon as an error ends the loop.
    const chunks = this.#request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
    for (;;) {
      const next = await this.#nextInTime(chunks)
      if (next.done) return
      yield next.value
    }
  }

  async #nextInTime(chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    const startedMs = performance.now()
    const { stallMs } = this.#limits
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => late.reject(tooSlow(this.#limits, this.#headLeftMs)),
      Math.min(stallMs, this.#headLeftMs ?? stallMs),
    )
    try {
      return await Promise.race([chunks.next(), late.promise])
    } catch (error) {
      if (!this.#request.destroyed && !isReset(error)) throw error
      throw soapError('request-timeout', 'The connection ended before the request did. Send it again.', {
        cause: error,
      })
    } finally {
      clearTimeout(timer)
      if (this.#headLeftMs !== undefined)
        this.#headLeftMs = Math.max(1, this.#headLeftMs - (performance.now() - startedMs))
    }
  }
}

function tooSlow(limits: Pick<SoapLimits, 'headMs' | 'stallMs'>, headLeftMs: number | undefined): Error {
  const inHead = headLeftMs !== undefined && headLeftMs < limits.stallMs
  return soapError(
    'request-timeout',
    inHead
      ? `What comes before the movie did not arrive within ${limits.headMs / 1000} s (${soapLimitVariables.headMs}). Send the request again over a better connection.`
      : `Nothing arrived for ${limits.stallMs / 1000} s (${soapLimitVariables.stallMs}). Send the request again over a better connection.`,
    { facts: { limit: inHead ? 'headMs' : 'stallMs' } },
  )
}

const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'ABORT_ERR')
