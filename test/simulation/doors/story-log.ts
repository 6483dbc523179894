import { hasCode, messageOf } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import type { Actor } from '../engine/actor.ts'

/** An actor's log: lines of the story; and an error that only a defect can cause is a violation of its own. */
export function storyLog(actor: Actor, violated: (what: string) => void, context: object = {}): Log {
  const line = (fields: object, message: string) => {
    const all = { ...context, ...fields }
    const error = 'err' in all ? all.err : undefined
    if (isDefect(error)) violated(`defect: ${actor.name} logged ${message}: ${stackOf(error)}`)
    actor.say(() => `[${message}${error === undefined ? '' : `: ${messageOf(error)}`} ${fieldsOf(all)}]`)
  }
  return {
    debug: line,
    info: line,
    warn: line,
    error: line,
    child: (fields) => storyLog(actor, violated, { ...context, ...fields }),
  }
}

export const isDefect = (error: unknown): boolean =>
  error instanceof TypeError ||
  error instanceof ReferenceError ||
  error instanceof RangeError ||
  error instanceof SyntaxError ||
  hasCode(error, 'internal')

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

const fieldsOf = ({ err: _, ...fields }: Readonly<Record<string, unknown>> & { err?: unknown }): string =>
  JSON.stringify(fields)
