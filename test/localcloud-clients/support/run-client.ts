import { type CommandClient, commandsFor } from './clients.ts'
import { runCommand } from './run-command.ts'

/** Runs a client against the store at `url`, which must succeed; what it printed. */
export function runClient(url: string, client: CommandClient, ...args: string[]): Promise<string> {
  const { command, env } = commandsFor(url)[client](...args)
  return runCommand(command, { env })
}
