import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { demoClip, makeClip } from '../demo/make-clip.ts'
import { ApiClient } from '../stack/api-client.ts'
import { FLEET, machinesFolder } from '../stack/service-environments.ts'
import type { BenchContext } from './bench-group.ts'

export interface WarmWorker {
  readonly api: ApiClient
  /** The pid of the only worker. */
  readonly workerPid: number
  readonly workerLog: string
  readonly workerEnvironment: Readonly<Record<string, string>>
  /** A clip of two seconds. */
  readonly small: string
}

/** Runs `use` on a fresh stack with one worker, which has done a job already. */
export async function onWarmWorker<T>(
  context: BenchContext,
  environment: Readonly<Record<string, string>>,
  use: (warm: WarmWorker) => Promise<T>,
): Promise<T> {
  const { signal } = context
  await using running = await context.startStack({
    // There from the start and never drained; its log says when ffmpeg starts.
    REELMILL_MIN_WORKERS: '1',
    REELMILL_MAX_WORKERS: '1',
    REELMILL_LOG_LEVEL: 'debug',
    // By default one movie in a hundred is also decoded whole: luck that no two rounds should differ by.
    REELMILL_VERIFY_DECODE_SHARE: '0',
    ...environment,
  })
  const { stack, dataFolder, environments } = running
  const small = path.join(dataFolder, 'small.mp4')
  await makeClip(small, { ...demoClip, width: 320, height: 180, durationSec: 2 }, signal)
  const api = new ApiClient({ url: stack.url, key: stack.key, signal })
  await api.follow((await api.submit((await api.upload(small)).id, ['web-480p'])).id)
  const fleet = path.join(machinesFolder(dataFolder), FLEET)
  const [id] = await readdir(path.join(fleet, 'pids'))
  if (id === undefined) throw new Error('the master has launched no worker')
  return await use({
    api,
    // As the process driver wrote it down.
    workerPid: Number.parseInt(await readFile(path.join(fleet, 'pids', id), 'utf8'), 10),
    workerLog: path.join(fleet, 'logs', `${id}.log`),
    workerEnvironment: environments.master,
    small,
  })
}
