/**
 * For a program that takes no arguments: says how it is called when it is asked, and refuses what it does not take.
 * True when the program has nothing else to do; the exit status is set.
 */
export function onlyUsage(
  usage: string,
  process: Pick<NodeJS.Process, 'argv' | 'stdout' | 'stderr' | 'exitCode'>,
): boolean {
  const args = process.argv.slice(2)
  if (args.length === 0) return false
  if (args.length === 1 && ['--help', '-h', 'help'].includes(args[0] ?? '')) {
    process.stdout.write(`${usage}\n`)
    return true
  }
  process.stderr.write(`It takes no arguments, and was given ${args.join(' ')}.\n\n${usage}\n`)
  process.exitCode = 2
  return true
}
