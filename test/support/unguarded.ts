import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findJail, openJail } from '../../services/worker/ffmpeg/jail.ts'
import { defaultLimits, type EncodeLimits } from '../../services/worker/ffmpeg/limits.ts'
import { runTool, type ToolResult } from '../../services/worker/ffmpeg/run-tool.ts'
import { clipFolder } from './clips.ts'

/** A command line without one of its guards, or without several. */
export function without(argv: readonly string[], ...options: readonly string[]): readonly string[] {
  return options.reduce((left, option) => {
    const at = left.indexOf(option)
    assert.notEqual(at, -1, `${option} is not in the command line`)
    return left.toSpliced(at, 2)
  }, argv)
}

/** The same with every protocol that this ffmpeg has: left to itself, it lets local files open only local ones. */
export const withAllProtocols = (argv: readonly string[]) =>
  argv.map((word, index) =>
    argv[index - 1] === '-protocol_whitelist'
      ? 'file,crypto,data,http,https,tcp,udp,rtp,tls,concat,subfile'
      : word,
  )

export const whitelists = ['-protocol_whitelist', '-format_whitelist', '-codec_whitelist']

/** Runs ffprobe or ffmpeg as the engine does, in a jail of the given kind. */
export async function runJailed(
  tool: 'ffmpeg' | 'ffprobe',
  argv: readonly string[],
  input: string,
  options: {
    jail?: 'bwrap' | 'none'
    limits?: Partial<EncodeLimits>
    outputDir?: string
    timeoutMs?: number
  } = {},
): Promise<ToolResult> {
  const tools = await findJail({ wanted: options.jail ?? 'bwrap', searchPath: process.env.PATH ?? '' })
  const jail = await openJail(tools, {
    toolDir: path.join(clipFolder(), 'hostile-jail'),
    readOnly: [path.dirname(input)],
    writable: [options.outputDir ?? clipFolder()],
    limits: { ...defaultLimits, ...options.limits },
  })
  return runTool(tool === 'ffmpeg' ? jail.ffmpegPath : jail.ffprobePath, argv, {
    timeoutMs: options.timeoutMs ?? 20_000,
  })
}

export async function hostile(name: string, content: string | Buffer): Promise<string> {
  const dir = path.join(clipFolder(), 'hostile')
  await mkdir(dir, { recursive: true })
  const file = path.join(dir, name)
  await writeFile(file, content)
  return file
}
