import { randomUUID } from 'node:crypto'
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { clipFolder } from './clips.ts'

/** A program that workers find as `ffmpeg`, and whose ways can be changed while they run. */
export interface StandInFfmpeg {
  /** For the environment of workers: finds the stand-in first, and everything else where it was. */
  readonly PATH: string
  /** What it does from its next encode on: lines of sh, with the arguments in `"$@"`. */
  behave(script: string): Promise<void>
}

/** The real one, and what the stand-in does at first. */
export const REAL_FFMPEG = 'exec ffmpeg "$@"'

/** Everything but an encode (probes, the check of outputs, fluent-ffmpeg's questions) goes to the real ffmpeg. */
export async function standInFfmpeg(): Promise<StandInFfmpeg> {
  const folder = path.join(clipFolder(), `stand-in-${randomUUID()}`)
  await mkdir(folder, { recursive: true })
  const behave = async (script: string) => {
    const fresh = path.join(folder, `${randomUUID()}.sh`)
    await writeFile(fresh, `${script}\n`)
    await rename(fresh, path.join(folder, 'encode.sh')) // whole at every moment
  }
  await behave(REAL_FFMPEG)
  const program = path.join(folder, 'ffmpeg')
  await writeFile(
    program,
    `#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\ncase " $* " in *" -progress "*) . "\${0%/*}/encode.sh" ;; *) ${REAL_FFMPEG} ;; esac\n`,
  )
  await chmod(program, 0o755)
  return { PATH: `${folder}${path.delimiter}${process.env.PATH ?? ''}`, behave }
}
