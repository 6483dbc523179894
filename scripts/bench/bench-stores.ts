import { openStores, type Stores, storesConfig } from '#shared/aws/stores-config.ts'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { silentLog } from '#shared/log.ts'
import type { BenchStack } from './bench-group.ts'

/** The stores of a running stack, to look into past every service; the caller closes them. */
export function openBenchStores({ environments }: BenchStack): Promise<Stores> {
  // Nobody leads this one's elsewhere.
  const set = environments.localcloud
  return openStores(readConfig(storesConfig, set), {
    clock: systemClock,
    log: silentLog,
    credentials: {
      accessKeyId: set.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: set.AWS_SECRET_ACCESS_KEY ?? '',
    },
  })
}
