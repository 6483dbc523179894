import type { Caller } from '#shared/tenants/caller.ts'
import type { OutputResult } from '../shapes/job.ts'
import type { OperationContext } from './context.ts'
import { getJob } from './get-job.ts'
import { getOutput } from './get-output.ts'

/** The principal files of a job or of one of its outputs, each with the output's name. Throws `not-found`, `gone`. */
export async function listFiles(
  context: OperationContext,
  caller: Caller,
  jobId: string,
  outputName?: string,
): Promise<readonly { readonly output: string; readonly file: OutputResult['files'][number] }[]> {
  const outputs =
    outputName === undefined
      ? (await getJob(context, caller, jobId)).job.outputs
      : [(await getOutput(context, caller, jobId, outputName)).output]
  return outputs.flatMap(({ name, files }) => files.map((file) => ({ output: name, file })))
}
