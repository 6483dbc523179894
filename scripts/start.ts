import path from 'node:path'
import { messageOf } from '#shared/errors.ts'
import { quoted } from './demo/paste-commands.ts'
import { onlyUsage } from './only-usage.ts'
import { StoppedBySignal, stopSignals } from './stack/stop-signals.ts'
import { type Stack, startStack } from './stack.ts'

const usage = `npm start

  the whole service on this machine until Ctrl-C. What it keeps is under ./data, or REELMILL_DATA, and the next start
  goes on from there. Variables say the rest, such as REELMILL_PORT=8081; the README lists them all.`

const say = (text = '') => process.stdout.write(`${text}\n`)

if (onlyUsage(usage, process)) process.exit()

let stack: Stack | undefined
const signal = stopSignals(() => {
  stack?.kill()
  process.exit(1)
})
try {
  const dataFolder = path.resolve(process.env.REELMILL_DATA || 'data')
  stack = await startStack(
    {
      dataFolder,
      host: process.env.REELMILL_HOST || '127.0.0.1',
      ports: {
        frontend: portOf('REELMILL_PORT', 8080),
        s3: portOf('REELMILL_LOCALCLOUD_S3_PORT', 9000),
        sqs: portOf('REELMILL_LOCALCLOUD_SQS_PORT', 9324),
      },
    },
    signal,
  )
  say(`Reelmill is ready at ${stack.url} (the API is described at ${stack.url}/docs).`)
  say(`Data and logs are under ${dataFolder}. The key is in ${stack.keyFile}.`)
  say()
  say('To encode a movie, paste:')
  const auth = `-H "Authorization: Bearer $(cat ${quoted(stack.keyFile)})"`
  say(`  curl ${auth} -F preset=web-720p -F file=@movie.mov ${stack.url}/v1/jobs`)
  say(`  curl ${auth} ${stack.url}/v1/jobs`)
  say()
  say('Ctrl-C stops it; what is running then is run again at the next start.')
  await Promise.race([stack.failed, untilAborted(signal)])
} catch (error) {
  if (!(error instanceof StoppedBySignal)) {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exitCode = 1
  }
} finally {
  await stack?.stop()
  if (stack) say('Stopped.')
}

function portOf(name: string, usual: number): number {
  const text = process.env[name]
  if (!text) return usual
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new Error(
    `${name} is a port from 1 to 65535, and not ${text}. Set it to a free one, or leave it out.`,
  )
}

function untilAborted(aborted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (aborted.aborted) resolve()
    else aborted.addEventListener('abort', () => resolve(), { once: true })
  })
}
