import path from 'node:path'
import type { MediaInfo } from '#shared/jobs/shapes.ts'
import type { Job } from '../../services/frontend/shapes/job.ts'
import { argvOf, encodeCommand, NOWHERE } from '../../services/worker/ffmpeg/command.ts'
import { outputGuards } from '../../services/worker/ffmpeg/guards.ts'
import { defaultLimits } from '../../services/worker/ffmpeg/limits.ts'
import { pasteable } from '../../services/worker/ffmpeg/pasteable.ts'
import { planEncode, type WantedOutput } from '../../services/worker/ffmpeg/plan.ts'

export interface CommandPair {
  /** What the worker runs, jail aside. */
  readonly ours: readonly string[]
  /** The same encode as somebody would type it: other paths, and neither progress nor guards. */
  readonly bare: readonly string[]
}

/** The two command lines that make `outputs` of a movie, from the worker's own plan. Pure. */
export function commandPair(
  input: string,
  detected: MediaInfo,
  outputs: readonly WantedOutput[],
  folder: string,
): CommandPair {
  const plan = planEncode({ info: detected, languages: new Map() }, outputs, defaultLimits)
  // The graph of a still has a second one for movies that are all black, and ffmpeg wants it connected.
  const paths = plan.outputs.map(({ fileName }) => {
    const main = path.join(folder, fileName)
    return { main, spare: `${main}.spare` }
  })
  const command = encodeCommand(plan, input, paths, defaultLimits)
  const guards = outputGuards({ maxSec: plan.maxSec, maxOutputBytes: defaultLimits.maxOutputBytes })
  return {
    ours: argvOf(command),
    bare: argvOf({
      ...command,
      inputOptions: ['-nostdin', '-v', 'error'],
      outputs: command.outputs
        .filter((output) => output.path !== NOWHERE)
        .map((output) => ({ ...output, options: without(output.options, guards) })),
    }),
  }
}

/** What the worker saw in the job's input. */
export function inputOf(job: Job): MediaInfo {
  const detected = job.inputs[0]?.detected
  if (!detected) throw new Error(`the job ${job.id} does not say what its input is`)
  return detected
}

export const asTyped = (args: readonly string[]): string => pasteable('ffmpeg', args)

/** The options without the guards, which stand together. */
function without(options: readonly string[], guards: readonly string[]): readonly string[] {
  const at = options.findIndex((_, i) => guards.every((guard, j) => options[i + j] === guard))
  if (at === -1) throw new Error('an output of the worker carries no guards')
  return options.toSpliced(at, guards.length)
}
