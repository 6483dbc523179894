import { createHash } from 'node:crypto'

/**
 * Chooses `share` (0 to 1) of all outputs, by the job's id and the output's name alone: whoever tries a job again
 * looks at the same outputs again. Pure.
 */
export function isSampled(share: number, output: { readonly jobId: string; readonly name: string }): boolean {
  // Length first: no two pairs of id and name write the same.
  const place = createHash('sha256')
    .update(`${output.jobId.length}:${output.jobId}${output.name}`)
    .digest()
    .readUInt32BE(0)
  return place < share * 2 ** 32
}
