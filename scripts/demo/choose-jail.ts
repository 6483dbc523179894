import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/**
 * The environment that chooses ffmpeg's jail. Where bubblewrap does not work, the demo may go without one for the
 * clip that it made itself, and says so loudly; for anybody else's movie that must be asked for by name.
 */
export async function chooseJail(
  ownClip: boolean,
  say: (line: string) => void,
): Promise<Record<string, string>> {
  if (process.env.REELMILL_JAIL !== undefined) return {}
  try {
    await promisify(execFile)('bwrap', ['--ro-bind', '/', '/', '--unshare-all', '--die-with-parent', 'true'])
    return {}
  } catch (error) {
    const why = error instanceof Error ? error.message.trim() : String(error)
    if (!ownClip) {
      throw new Error(
        `bubblewrap does not work here (${why}), so ffmpeg would run without a jail. For a movie that you trust, set REELMILL_JAIL=none and run this again.`,
        { cause: error },
      )
    }
    say(`!!! bubblewrap does not work here (${why}).`)
    say(
      '!!! ffmpeg runs WITHOUT A JAIL. The demo does that on the clip that it made itself; a service must not.',
    )
    return { REELMILL_JAIL: 'none' }
  }
}
