import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { clipFolder } from './clips.ts'

/**
 * Writes a program that stands in for ffmpeg: it says what it can do as the real one does (fluent-ffmpeg asks), and
 * runs `script` (sh) instead of encoding.
 */
export async function fakeFfmpeg(name: string, script: string): Promise<string> {
  const dir = path.join(clipFolder(), 'fake')
  await mkdir(dir, { recursive: true })
  const file = path.join(dir, name)
  await writeFile(
    file,
    `#!/bin/sh\ncase "$*" in -formats|-encoders) PATH=/usr/local/bin:/usr/bin:/bin exec ffmpeg "$@";; esac\nPATH=/usr/local/bin:/usr/bin:/bin\n${script}\n`,
  )
  await chmod(file, 0o755)
  return file
}
