import { rm } from 'node:fs/promises'
import path from 'node:path'
import { systemClock } from '#shared/clock.ts'
import { ChildService } from '../stack/child-service.ts'
import { freePorts } from '../stack/free-ports.ts'
import { serviceEnvironments } from '../stack/service-environments.ts'
import type { BenchContext } from './bench-group.ts'

const LOOK_EVERY_MS = 50
const READY_WITHIN_MS = 30_000
const GRACE_MS = 20_000

export interface LocalcloudAlone {
  readonly pid: number
  readonly s3Url: string
  /** They open the state bucket, as the services' own do. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly bucket: string
}

/** Runs `use` on a fresh localcloud with nobody else around, and deletes what it stored. */
export async function onLocalcloud<T>(
  { folder, signal }: BenchContext,
  group: string,
  use: (cloud: LocalcloudAlone) => Promise<T>,
): Promise<T> {
  const dataFolder = path.join(folder, `data-${group}`)
  await rm(dataFolder, { recursive: true, force: true })
  const [s3 = 0, sqs = 0] = await freePorts(2)
  const set = await serviceEnvironments({ dataFolder, host: '127.0.0.1', ports: { frontend: 0, s3, sqs } })
  const service = new ChildService({
    name: 'localcloud',
    script: 'services/localcloud/main.ts',
    environment: set.localcloud,
    logsFolder: path.join(dataFolder, 'logs'),
  })
  try {
    await untilAnswering(service, set.storeUrl, signal)
    return await use({
      pid: service.pid ?? Number.NaN,
      s3Url: set.storeUrl,
      credentials: {
        accessKeyId: set.localcloud.REELMILL_STATE_ACCESS_KEY_ID ?? '',
        secretAccessKey: set.localcloud.REELMILL_STATE_SECRET_ACCESS_KEY ?? '',
      },
      bucket: set.localcloud.REELMILL_STATE_BUCKET ?? 'reelmill-state',
    })
  } finally {
    await service.stop(GRACE_MS)
    await rm(path.join(dataFolder, 'localcloud'), { recursive: true, force: true })
  }
}

async function untilAnswering(service: ChildService, url: string, signal: AbortSignal): Promise<void> {
  for (const untilMs = performance.now() + READY_WITHIN_MS; performance.now() < untilMs; ) {
    if (!service.running) break
    try {
      await (await fetch(url, { signal })).arrayBuffer()
      return
    } catch {
      signal.throwIfAborted() // not listening yet, else
    }
    await systemClock.sleep(LOOK_EVERY_MS, signal)
  }
  throw new Error(`localcloud does not answer. The end of ${service.logFile}:\n${service.lastLines()}`)
}
