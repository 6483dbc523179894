import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'

/**
 * Looks at the movies that the user named, before anything is emptied or started for them. Throws a sentence for one
 * that cannot be read, or that lies in `emptied`, the folder of the demo before.
 */
export async function checkOwnMovies(files: readonly string[], emptied: string): Promise<void> {
  for (const file of files) {
    if (!path.relative(emptied, file).startsWith('..')) {
      throw new Error(
        `${file} is in ${emptied}, which the demo empties first. Copy it to somewhere else, or choose another --out.`,
      )
    }
    const found = await stat(file).catch(() => undefined) // told in the next line
    if (!found) throw new Error(`There is no movie ${file}. Check the name after --file.`)
    if (!found.isFile()) throw new Error(`${file} is not a file. Name a movie after --file.`)
    await access(file, constants.R_OK).catch((error) => {
      throw new Error(`${file} may not be read. Check its permissions.`, { cause: error })
    })
  }
}
