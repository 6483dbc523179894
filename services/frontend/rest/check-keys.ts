import { pointerOf, requestError } from '../shapes/parse-strict.ts'

// Far deeper than any request, and far from where recursion over what was parsed would end.
const MOST_DEPTH = 100

interface Level {
  /** Of an object: the names seen so far. A list has none. */
  readonly keys?: Set<string>
  /** Where in it the reader is. */
  place: string | number
}

/**
 * Refuses what JSON.parse takes in silence: a name that comes twice in one object (of which only the last would
 * count), a name that would be the prototype of objects, and nesting without bound. `text` must be well-formed JSON.
 * Reads it once; keeps the names of the objects that are open, and nothing else.
 *
 * Throws `invalid-request` and `unknown-field` with a pointer, under `prefix`.
 */
export function checkKeys(text: string, prefix: readonly PropertyKey[] = []): void {
  const open: Level[] = []
  let at = 0
  // True where a string would be a name: behind `{`, and behind `,` in an object.
  let isName = false
  while (at < text.length) {
    const level = open.at(-1)
    switch (text[at]) {
      case '{':
        open.push({ keys: new Set(), place: '' })
        isName = true
        break
      case '[':
        open.push({ place: 0 })
        break
      case '}':
      case ']':
        open.pop()
        isName = false
        break
      case ',':
        if (level?.keys) isName = true
        else if (level) level.place = Number(level.place) + 1
        break
      case '"': {
        const end = endOfString(text, at)
        if (isName && level?.keys) {
          takeName(JSON.parse(text.slice(at, end + 1)), level, level.keys)
          isName = false
        }
        at = end
        break
      }
    }
    if (open.length > MOST_DEPTH) throw refusal('invalid-request', `is nested more than ${MOST_DEPTH} deep`)
    at++
  }

  function takeName(name: string, level: Level, keys: Set<string>): void {
    level.place = name
    if (name === '__proto__') throw refusal('unknown-field', 'does not exist')
    if (keys.has(name)) throw refusal('invalid-request', 'comes twice; say it once')
    keys.add(name)
  }

  function refusal(code: 'invalid-request' | 'unknown-field', message: string) {
    const path = open.slice(0, MOST_DEPTH).map(({ place }) => place)
    return requestError([{ pointer: pointerOf([...prefix, ...path]), code, message }])
  }
}

/** Where the string that begins at `start` ends: at the next quote before which no odd number of backslashes stands. */
function endOfString(text: string, start: number): number {
  let end = start
  do {
    end = text.indexOf('"', end + 1)
  } while (isEscaped(text, end))
  return end
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0
  while (text[at - 1 - slashes] === '\\') slashes++
  return slashes % 2 === 1
}
