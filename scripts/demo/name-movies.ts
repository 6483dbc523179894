import path from 'node:path'

export interface NamedMovie {
  readonly file: string
  /** Of the folder that its outputs go to. */
  readonly name: string
  /** For people: the name with the file's extension. */
  readonly label: string
}

/**
 * Gives each movie a name of its own, also where several are called the same, or differ in case alone, which is the
 * same folder on macOS. Pure.
 */
export function nameMovies(files: readonly string[]): NamedMovie[] {
  const taken = new Set<string>()
  return files.map((file) => {
    const { name: given, ext } = path.parse(file)
    // A movie may be called `...mov`, and its outputs must not go to the folder `..`.
    const base = /^\.*$/.test(given) ? 'movie' : given
    let name = base
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base}-${n}`
    taken.add(name.toLowerCase())
    return { file, name, label: `${name}${ext}` }
  })
}
