import type { Job } from '../../services/frontend/shapes/job.ts'
import { ApiClient } from '../stack/api-client.ts'
import type { Stack } from '../stack.ts'
import { restDoor } from './doors/rest-door.ts'
import { soapDoor } from './doors/soap-door.ts'
import { type EncodedMovie, encodeMovie, type Movie } from './encode-movie.ts'
import { ProgressLines } from './progress-lines.ts'
import { SoapClient } from './soap/soap-client.ts'

export interface EncodedTwice {
  readonly rest: EncodedMovie<Job>
  readonly soap: EncodedMovie
}

const SOAP_POLL_MS = 500

/**
 * Sends each movie by REST and by SOAP, all at once, with a line of progress for each job. `allSec` is from the first
 * byte sent until the last job had succeeded. Throws a sentence when one does not succeed; the others are left then.
 */
export async function encodeByBothDoors(
  movies: readonly Movie[],
  presets: readonly string[],
  {
    stack,
    wsdlUrl,
    signal,
  }: { readonly stack: Stack; readonly wsdlUrl: string; readonly signal: AbortSignal },
): Promise<{ readonly encoded: readonly EncodedTwice[]; readonly allSec: number }> {
  const oneFailed = new AbortController()
  const until = AbortSignal.any([signal, oneFailed.signal])
  const access = { key: stack.key, signal: until }
  const client = await SoapClient.open({ wsdlUrl, ...access })
  const rest = restDoor(new ApiClient({ url: stack.url, ...access }))
  // All of them together stay well within the rate of one key.
  const soap = soapDoor(client, SOAP_POLL_MS * movies.length, until)

  const startedMs = performance.now()
  let endedMs = startedMs
  const use = {
    lines: new ProgressLines(process.stdout),
    signal: until,
    ended: () => {
      endedMs = performance.now()
    },
  }
  const encoding = movies.map(async (movie) => {
    const both = [
      encodeMovie(movie, presets, { ...use, door: rest }),
      encodeMovie(movie, presets, { ...use, door: soap }),
    ] as const
    const [byRest, bySoap] = await Promise.all(both)
    return { rest: byRest, soap: bySoap }
  })
  try {
    const encoded = await Promise.race([stack.failed, Promise.all(encoding)])
    return { encoded, allSec: (endedMs - startedMs) / 1000 }
  } catch (error) {
    oneFailed.abort(error)
    await Promise.allSettled(encoding)
    throw error
  }
}
