import path from 'node:path'
import type { Stack } from '../stack.ts'
import type { DemoJob } from './demo-job.ts'
import type { EncodedTwice } from './encode-by-both-doors.ts'
import type { EncodedMovie } from './encode-movie.ts'
import { pasteCommands, quoted } from './paste-commands.ts'

/** A movie's outputs, each with where it is. */
export function describeMovie(encoded: EncodedMovie, url: string, cwd: string): string {
  const lines = [`By ${encoded.door}, ${encoded.movie.label} as job ${encoded.job.id}:`]
  for (const file of encoded.files) {
    const length = file.durationSec === undefined ? '' : `${file.durationSec.toFixed(2)} s`
    const size = `${(file.sizeBytes / 2 ** 20).toFixed(2)} MiB`
    const verdict = file.problems.length > 0 ? 'DAMAGED' : 'checked'
    lines.push(
      `  ${file.output.padEnd(11)} ${file.what.padEnd(22)} ${length.padStart(8)} ${size.padStart(10)}  ${verdict}`,
      `    ${nearest(file.path, cwd)}`,
      `    ${new URL(file.url, url)}`,
    )
  }
  return lines.join('\n')
}

/** Sentences about what is wrong; none when all is as promised. */
export function problemsOf({ files, job }: EncodedMovie): string[] {
  if (files.length === 0) return [`job ${job.id} made no file`]
  return files.flatMap((file) => file.problems.map((problem) => `${file.path} ${problem}`))
}

/** Where the time went, and how it compares with ffmpeg alone, which took `bareSec` to make all of it once. */
export function describeTime(encoded: readonly EncodedTwice[], allSec: number, bareSec: number): string {
  const jobs = encoded.flatMap(({ rest, soap }) => [rest, soap])
  return [
    `Reelmill took ${allSec.toFixed(1)} s from the first byte sent until ${jobs.length === 2 ? 'both' : `all ${jobs.length}`} jobs had succeeded. Seconds of each:`,
    ...jobs.map(({ door, movie, job }) => `  ${door}  ${movie.label}: ${stepsOf(job)}`),
    `Bare ffmpeg, one command per output, took ${bareSec.toFixed(1)} s to make all of it once, so ${(2 * bareSec).toFixed(1)} s for twice.`,
    `Reelmill took ${(allSec / (2 * bareSec)).toFixed(2)} times that, with start-up, checks and storage.`,
  ].join('\n')
}

/** The key, the addresses, and what to paste with them. */
export function describeCommands(
  stack: Stack,
  [first]: readonly EncodedTwice[],
  given: {
    readonly soapUrl: string
    readonly wsdlUrl: string
    readonly dataFolder: string
    readonly keep: boolean
  },
): string {
  const [file] = first?.rest.files ?? []
  if (!first || !file) return ''
  const { soapUrl, wsdlUrl, dataFolder, keep } = given
  const commands = pasteCommands({
    url: stack.url,
    soapUrl,
    keyFile: stack.keyFile,
    restJobId: first.rest.job.id,
    soapJobId: first.soap.job.id,
    output: file.output,
    file: path.basename(file.path),
  })
  const start = `REELMILL_DATA=${quoted(dataFolder)} REELMILL_PORT=${new URL(stack.url).port} npm start`
  return [
    `The key of this data folder: ${stack.key}`,
    `REST, described: ${stack.url}/docs`,
    `SOAP, the WSDL:  ${wsdlUrl}`,
    '',
    keep
      ? 'To paste into another terminal:'
      : `The service stops now. To paste, after  ${start}  in another terminal:`,
    ...[...commands.rest, commands.soap].map((command) => `  ${command}`),
  ].join('\n')
}

function stepsOf({ receipt }: DemoJob): string {
  const steps = [
    ['waiting', receipt?.queueSec],
    ['fetching', receipt?.fetchSec],
    ['encoding', receipt?.encodeSec],
    ['verifying', receipt?.verifySec],
    ['storing', receipt?.uploadSec],
  ] as const
  return steps.flatMap(([name, sec]) => (sec === undefined ? [] : [`${name} ${sec.toFixed(1)}`])).join(', ')
}

/** Short where the user is, whole where that would climb. */
function nearest(file: string, cwd: string): string {
  const relative = path.relative(cwd, file)
  return relative.startsWith('..') ? file : relative
}
