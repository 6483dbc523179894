import { rm } from 'node:fs/promises'
import path from 'node:path'
import { freePorts } from '../stack/free-ports.ts'
import { serviceEnvironments } from '../stack/service-environments.ts'
import { type Stack, startStack } from '../stack.ts'
import type { BenchStack, Detour } from './bench-group.ts'

/**
 * A fresh stack in `dataFolder`, which is emptied first. Disposing of it stops it and deletes what it stored; its
 * logs stay. `own` is told of it at once, for whoever has to kill it.
 */
export async function startBenchStack(
  dataFolder: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
  own: (stack: Stack) => void,
  detour?: Detour,
): Promise<BenchStack> {
  await rm(dataFolder, { recursive: true, force: true })
  const [frontend = 0, s3 = 0, sqs = 0] = await freePorts(3)
  const host = '127.0.0.1'
  const environmentOf = await detour?.({ s3Url: `http://${host}:${s3}`, sqsUrl: `http://${host}:${sqs}` })
  const plan = {
    ...{ dataFolder, host, ports: { frontend, s3, sqs }, environment },
    ...(environmentOf && { environmentOf }),
  }
  const stack = await startStack(plan, signal)
  own(stack)
  return {
    stack,
    dataFolder,
    environments: await serviceEnvironments(plan),
    async [Symbol.asyncDispose]() {
      await stack.stop()
      await rm(path.join(dataFolder, 'localcloud'), { recursive: true, force: true })
    },
  }
}
