import { createRequire } from 'node:module'
import { type Logger, pino } from 'pino'

const require = createRequire(import.meta.url)

/** What code needs to log: one event per fact, fields first, then a sentence. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Log
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/**
 * The process's logger: JSON lines, or readable lines when `stream` is a terminal. Never a secret: fields
 * that carry one by name are censored, and so are keys and signatures inside any text.
 */
export function createLog(options: {
  readonly service: string
  readonly level: LogLevel
  readonly stream?: NodeJS.WritableStream & { isTTY?: boolean }
}): Log {
  const stream = options.stream ?? process.stdout
  const destination = stream.isTTY ? readable(stream) : stream
  const logger: Logger = pino(
    {
      level: options.level,
      base: { service: options.service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
      redact: { paths: secretPaths, censor: '[secret]' },
      hooks: { streamWrite: censor },
    },
    destination,
  )
  return logger
}

/** Loaded for a terminal only: a worker that nobody watches should start without its thirty modules. */
function readable(destination: NodeJS.WritableStream): NodeJS.WritableStream {
  const pretty: typeof import('pino-pretty') = require('pino-pretty')
  return pretty({ destination, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
}

const secretNames = [
  'password',
  'secret',
  'secretAccessKey',
  'sessionToken',
  'authorization',
  'key',
  'apiKey',
]
const secretPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

/** A logger that says nothing, for tests that are not about logs. */
export const silentLog: Log = createLog({ service: 'silent', level: 'silent' })

/**
 * The last gate before a line is written: API keys, webhook secrets and the signed part of presigned URLs
 * never leave the process, wherever in the line they stand (an SDK's error message, say).
 */
export function censor(line: string): string {
  return line
    .replace(/\brmk_[A-Za-z0-9_-]{8,}/g, 'rmk_[secret]')
    .replace(/\bwhsec_[A-Za-z0-9+/=_-]{8,}/g, 'whsec_[secret]')
    .replace(/(X-Amz-(?:Signature|Credential|Security-Token)=)[^&"\s\\]+/gi, '$1[secret]')
    .replace(/\b(Bearer|Basic) [A-Za-z0-9+/=._~-]{8,}/g, '$1 [secret]')
}
