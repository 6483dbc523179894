/** A command line as it can be pasted into a shell, for the log. */
export const pasteable = (program: string, args: readonly string[]): string =>
  [program, ...args].map(shellQuote).join(' ')

/** One word, quoted for sh when it needs it. */
export const shellQuote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
