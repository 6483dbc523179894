import { registerHooks } from 'node:module'

/** A change of one production file as a world sees it; the file itself stays as it is. */
export interface Patch {
  /** From the top of the repository. */
  readonly file: string
  /** Must occur exactly once. */
  readonly search: string
  readonly replace: string
}

const ROOT = new URL('../../../', import.meta.url).href
/** What production code gets instead of these: chance and disk belong to the simulation. */
const doors: Readonly<Record<string, string>> = {
  'node:crypto': new URL('./seeded-crypto.ts', import.meta.url).href,
  'node:fs': new URL('./memory-fs.ts', import.meta.url).href,
  'node:fs/promises': new URL('./memory-fs-promises.ts', import.meta.url).href,
}
const worlds = new Map<string, readonly Patch[]>()
let isHooked = false

/**
 * Imports `entry` and everything of this repository below it as a copy of its own: the same source files, except
 * for `patches`, and with `node:crypto` and the disk led to the simulation. So what the simulation runs is the
 * production code, every run of a seed is the same, and a mutant needs no second tree.
 */
export async function loadWorld<T>(entry: URL, name: string, patches: readonly Patch[] = []): Promise<T> {
  if (!isHooked) registerHooks({ resolve: resolveInWorld, load: loadInWorld })
  isHooked = true
  worlds.set(name, patches)
  return (await import(`${entry.href}?world=${encodeURIComponent(name)}`)) as T
}

const resolveInWorld: Parameters<typeof registerHooks>[0]['resolve'] = (specifier, context, next) => {
  const world = worldOf(context.parentURL)
  if (world === undefined) return next(specifier, context)
  const door = doors[specifier]
  if (door !== undefined && isProduction(context.parentURL ?? '')) {
    return { url: inWorld(door, world), shortCircuit: true }
  }
  const resolved = next(specifier, context)
  const isOurs = resolved.url.startsWith(ROOT) && !resolved.url.includes('/node_modules/')
  return isOurs ? { ...resolved, url: inWorld(resolved.url, world) } : resolved
}

const loadInWorld: Parameters<typeof registerHooks>[0]['load'] = (url, context, next) => {
  const loaded = next(url, context)
  const world = worldOf(url)
  const patches = (world !== undefined && worlds.get(world)) || []
  const mine = patches.filter(({ file }) => url.split('?')[0] === ROOT + file)
  if (mine.length === 0) return loaded
  const source = mine.reduce((text, patch) => applied(text, patch), String(loaded.source))
  return { ...loaded, source }
}

function applied(source: string, { file, search, replace }: Patch): string {
  const parts = source.split(search)
  if (parts.length !== 2) {
    throw new Error(
      `The mutant's text must occur once in ${file} and occurs ${parts.length - 1} times: ${search}`,
    )
  }
  return parts.join(replace)
}

const worldOf = (url: string | undefined): string | undefined => {
  const name = /[?&]world=([^&]*)/.exec(url ?? '')?.[1]
  return name === undefined ? undefined : decodeURIComponent(name)
}
const inWorld = (url: string, world: string): string =>
  `${url.split('?')[0]}?world=${encodeURIComponent(world)}`
const isProduction = (url: string): boolean =>
  url.startsWith(`${ROOT}shared/`) || url.startsWith(`${ROOT}services/`)
