import { execFile } from 'node:child_process'
import { access, constants, lstat, mkdir, readlink, realpath, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { messageOf, ReelmillError } from '#shared/errors.ts'
import type { EncodeLimits } from './limits.ts'
import { shellQuote } from './pasteable.ts'

const run = promisify(execFile)

/** `bwrap`: namespaces without network, with only the workspace mounted. `none`: limits of the kernel alone. */
export type JailKind = 'bwrap' | 'none'

/** The programs that the jail is built from, as absolute paths. */
export interface JailTools {
  readonly kind: JailKind
  readonly ffmpeg: string
  readonly ffprobe: string
  readonly bwrap?: string
  readonly prlimit?: string
  readonly setpriv?: string
  readonly setsid?: string
  readonly chrt?: string
}

/**
 * Finds the tools and tries the jail once. `wanted` is `bwrap` unless somebody asked for `none` by name.
 * Throws `configuration-invalid` when ffmpeg is missing or the jail does not work here.
 */
export async function findJail(options: {
  readonly wanted: JailKind
  /** Where to look, as $PATH spells it. */
  readonly searchPath: string
  readonly ffmpeg?: string
  readonly ffprobe?: string
}): Promise<JailTools> {
  const { wanted, searchPath } = options
  const [ffmpeg, ffprobe, prlimit, setpriv, setsid, chrt, bwrap] = await Promise.all([
    options.ffmpeg ?? findProgram('ffmpeg', searchPath),
    options.ffprobe ?? findProgram('ffprobe', searchPath),
    ...['prlimit', 'setpriv', 'setsid', 'chrt', 'bwrap'].map((name) => findProgram(name, searchPath)),
  ])
  if (!ffmpeg || !ffprobe) {
    throw invalid('ffmpeg and ffprobe are not installed. Install ffmpeg 5.1 or later and start again.')
  }
  const common = {
    ...{ ffmpeg, ffprobe },
    ...(prlimit && { prlimit }),
    ...(setpriv && { setpriv }),
    ...(setsid && { setsid }),
    ...(chrt && { chrt }),
  }
  if (wanted === 'none') return { kind: 'none', ...common }
  if (!bwrap || !prlimit) {
    throw invalid(
      'The jail needs bwrap (bubblewrap) and prlimit (util-linux). Install them, or ask for the jail `none` by name if every input is trusted.',
    )
  }
  const tools: JailTools = { kind: 'bwrap', ...common, bwrap }
  try {
    await run(bwrap, [...bwrapFlags, ...(await systemMounts(tools)), '--', prlimit, '--version'], {
      timeout: 10_000,
    })
  } catch (error) {
    throw invalid(
      `bwrap does not work here (${messageOf(error).trim()}). Allow user namespaces (in Docker: the worker's seccomp profile), or ask for the jail \`none\` by name if every input is trusted.`,
      error,
    )
  }
  return tools
}

/** A jail for one workspace: two executables that take the arguments of ffmpeg and of ffprobe. */
export interface Jail {
  readonly kind: JailKind
  readonly ffmpegPath: string
  readonly ffprobePath: string
}

/**
 * Writes the jail's two executables into `toolDir`. What runs in them sees the system's libraries, `readOnly` and
 * `writable` (folders, at the same paths as outside), no network, no environment, no other process, and dies with
 * this process. Paths must be absolute.
 */
export async function openJail(
  tools: JailTools,
  options: {
    readonly toolDir: string
    readonly readOnly: readonly string[]
    readonly writable: readonly string[]
    readonly limits: EncodeLimits
  },
): Promise<Jail> {
  await mkdir(options.toolDir, { recursive: true })
  const write = async (name: 'ffmpeg' | 'ffprobe') => {
    const file = path.join(options.toolDir, name)
    const argv = [...(await jailArguments(tools, options)), tools[name]]
    const first = name === 'ffmpeg' ? asBatch(tools) : ''
    // exec: the pid that is spawned stays that of the jail, and killing it kills everything inside.
    const script = `#!/bin/sh\n${first}exec ${argv.map(shellQuote).join(' ')} "$@"\n`
    await writeFile(file, script, { mode: 0o700 })
    return file
  }
  return { kind: tools.kind, ffmpegPath: await write('ffmpeg'), ffprobePath: await write('ffprobe') }
}

/**
 * A line of sh that makes itself, and what it becomes, batch work for the scheduler: the many threads of an encode then
 * do not interrupt each other at every frame, and it ends some percent sooner. Where the kernel refuses, it is not
 * worse.
 */
const asBatch = ({ chrt }: JailTools): string =>
  chrt === undefined ? '' : `${shellQuote(chrt)} -b -p 0 $$ 2>/dev/null\n`

async function jailArguments(
  tools: JailTools,
  options: {
    readonly readOnly: readonly string[]
    readonly writable: readonly string[]
    readonly limits: EncodeLimits
  },
): Promise<readonly string[]> {
  const { bwrap, prlimit, setpriv, setsid, kind } = tools
  const limited = prlimit ? [prlimit, ...kernelLimits(options.limits, kind), '--'] : []
  if (kind === 'none' || !bwrap) {
    return [
      // A process group of its own, so that everything in it can be killed at once.
      ...(setsid ? [setsid] : []),
      // Without the jail a killed worker would leave its ffmpeg running; the kernel can see to that as well.
      ...(setpriv ? [setpriv, '--pdeathsig', 'KILL', '--'] : []),
      ...limited,
    ]
  }
  return [
    bwrap,
    ...bwrapFlags,
    ...(await systemMounts(tools)),
    ...options.readOnly.flatMap((dir) => ['--ro-bind', dir, dir]),
    ...options.writable.flatMap((dir) => ['--bind', dir, dir]),
    ...['--chdir', options.writable[0] ?? '/'],
    '--',
    ...limited,
  ]
}

const bwrapFlags: readonly string[] = [
  // No network, no sight of other processes, no IPC, its own user.
  '--unshare-all',
  '--die-with-parent',
  // Its own session: no TIOCSTI into the operator's terminal.
  '--new-session',
  // No credentials and no proxy settings in the environment.
  '--clearenv',
  ...['--cap-drop', 'ALL'],
]

function kernelLimits(limits: EncodeLimits, kind: JailKind): readonly string[] {
  return [
    `--data=${limits.memoryBytes}`,
    // Address space is reserved far beyond use (an arena and a stack per thread), so data is the true limit.
    `--as=${limits.memoryBytes + 4 * 2 ** 30}`,
    `--cpu=${limits.cpuSec}`,
    // ffmpeg stops at -fs by itself; faststart writes the file once more and needs some room.
    `--fsize=${limits.maxOutputBytes + 64 * 2 ** 20}`,
    `--nofile=${limits.openFiles}`,
    '--core=0',
    // Counted per user: outside the jail's own user namespace it would count everything else of that user.
    ...(kind === 'bwrap' ? [`--nproc=${limits.processes}`] : []),
  ]
}

/**
 * What ffmpeg needs of the system to start: libraries, the loader's cache, and on Debian /etc/alternatives, through
 * which libblas and liblapack are found. Folders that are links (merged /usr) stay links.
 */
async function systemMounts(tools: JailTools): Promise<readonly string[]> {
  const mounts = (await Promise.all(systemFolders.map(mountOf))).flat()
  for (const file of ['/etc/alternatives', '/etc/ld.so.cache', '/etc/ld-musl-x86_64.path']) {
    mounts.push('--ro-bind-try', file, file)
  }
  // An ffmpeg outside the system's folders, such as a static build in /opt.
  for (const program of [tools.ffmpeg, tools.ffprobe, tools.prlimit]) {
    if (program === undefined || isMounted(program, mounts)) continue
    mounts.push('--ro-bind', path.dirname(program), path.dirname(program))
    const real = await realpath(program)
    if (!isMounted(real, mounts)) mounts.push('--ro-bind', path.dirname(real), path.dirname(real))
  }
  return [...mounts, '--dev', '/dev']
}

const systemFolders = [
  ...['/usr', '/lib', '/lib32', '/lib64', '/libx32', '/bin', '/sbin'],
  ...['/nix/store', '/gnu/store'],
]

async function mountOf(dir: string): Promise<readonly string[]> {
  const stat = await lstat(dir).catch(() => undefined) // not on this system
  if (stat?.isSymbolicLink()) return ['--symlink', await readlink(dir), dir]
  return stat?.isDirectory() ? ['--ro-bind', dir, dir] : []
}

const isMounted = (program: string, mounts: readonly string[]): boolean =>
  mounts.some((mount) => mount.startsWith('/') && program.startsWith(`${mount}/`))

async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  for (const dir of searchPath.split(path.delimiter)) {
    if (!path.isAbsolute(dir)) continue
    const candidate = path.join(dir, name)
    try {
      await access(candidate, constants.X_OK)
      return candidate
    } catch {
      // Not here: the next folder may have it.
    }
  }
  return undefined
}

const invalid = (message: string, cause?: unknown) =>
  new ReelmillError('configuration-invalid', message, { cause })
