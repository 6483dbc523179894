import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { clientEnvironment } from './run-command.ts'

/** A client that is told what to do while it runs, line by line. Disposing ends its input and waits for its end. */
export interface Conversation extends AsyncDisposable {
  say(line: string): void
  /** The next line that it says. Rejects, with what it complained of, when it has ended instead. */
  hear(): Promise<string>
}

export function converse(
  [command, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Conversation {
  const child = spawn(command, args, { env: clientEnvironment(env), stdio: ['pipe', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  child.stdin.on('error', () => undefined) // it has ended; `hear` says so
  return {
    say: (line) => void child.stdin.write(`${line}\n`),
    async hear() {
      const { done, value } = await lines.next()
      if (done) throw new Error(`${command} ended with ${await exited}\n${complaint.slice(-3_000)}`)
      return value
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await exited
    },
  }
}
