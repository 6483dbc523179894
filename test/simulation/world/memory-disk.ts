/** The disks of all simulated machines: files by path, and the folders that were made. */
class MemoryDisk {
  readonly files = new Map<string, Buffer>()
  readonly folders = new Set<string>()
  #made = 0

  reset(): void {
    this.files.clear()
    this.folders.clear()
    this.#made = 0
  }

  makeTemporary(prefix: string): string {
    const folder = `${prefix}${++this.#made}`
    this.folders.add(folder)
    return folder
  }

  remove(path: string): void {
    for (const key of [...this.files.keys()]) if (isIn(key, path)) this.files.delete(key)
    for (const key of [...this.folders]) if (isIn(key, path)) this.folders.delete(key)
  }

  /** Files and folders below `path`. */
  below(path: string): readonly string[] {
    return [...this.files.keys(), ...this.folders].filter((key) => key !== path && isIn(key, path))
  }
}

const isIn = (key: string, path: string): boolean => key === path || key.startsWith(`${path}/`)

export const disk = new MemoryDisk()
