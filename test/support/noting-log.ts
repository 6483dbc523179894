import type { Log } from '#shared/log.ts'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A log that tells `note` each of its lines. Its children do the same, and add no fields of their own. */
export function notingLog(note: (line: LogLine) => void): Log {
  const at = (level: LogLine['level']) => (fields: object, message: string) =>
    note({ level, fields: { ...fields }, message })
  const log: Log = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  }
  return log
}
