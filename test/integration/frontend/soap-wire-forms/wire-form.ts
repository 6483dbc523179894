import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** One request as a client sent it. Keys and secrets in it were made for the recording and open nothing else. */
export interface WireForm {
  /** What it shows, such as `UploadMovie, SOAP 1.2, MTOM, basic`. */
  readonly name: string
  readonly operation: 'UploadMovie' | 'UploadChunk' | 'SubmitJob' | 'GetJob'
  readonly version: '1.1' | '1.2'
  readonly mtom: boolean
  /** The client sends no credentials until it is asked for them. */
  readonly unasked: boolean
  /** WS-Security's digests are good only near this time. */
  readonly recordedAtMs: number
  /** Names and values in turn, as they came, but for the Host. */
  readonly headers: readonly string[]
  /** Lines with their ends; each character is a byte. Without the framing of `Transfer-Encoding: chunked`. */
  readonly body: readonly string[]
}

/** Where the recordings are, one file for each client stack. */
export const wireFormFolder = fileURLToPath(new URL('.', import.meta.url))

/** What was recorded of each client, by the client's name. */
export function wireForms(): ReadonlyMap<string, readonly WireForm[]> {
  const files = readdirSync(wireFormFolder).filter((file) => file.endsWith('.json'))
  return new Map(
    files.map((file) => [
      file.replace(/\.json$/, ''),
      JSON.parse(readFileSync(wireFormFolder + file, 'utf8')) as WireForm[],
    ]),
  )
}

/** What every recording client uses: in it is all that text and multipart could stumble over. */
export const recordedMovie = Buffer.from('a movie\0\xff\r\n--\r\n'.repeat(50), 'latin1')
export const recordedKey = 'rmk_only_for_recordings_of_the_wire'
export const recordedUser = { name: 'legacy', secret: 'only for recordings' } as const
