import { countBuffersWithHeap } from '#shared/buffer-accounting.ts'
import { readConfig } from '#shared/config.ts'
import { messageOf } from '#shared/errors.ts'
import { createLog } from '#shared/log.ts'
import { Service } from '#shared/service.ts'
import { credentialsOf, dataFolder, localcloudConfig } from './config.ts'
import { startLocalcloud } from './start-localcloud.ts'

const GRACE_MS = 10_000

countBuffersWithHeap()
try {
  const config = readConfig(localcloudConfig, process.env)
  const log = createLog({ service: 'localcloud', level: config.REELMILL_LOG_LEVEL })
  const service = new Service({ log, graceMs: GRACE_MS })
  const cloud = await startLocalcloud({
    dataDir: dataFolder(config),
    host: config.REELMILL_LOCALCLOUD_HOST,
    s3Port: config.REELMILL_LOCALCLOUD_S3_PORT,
    sqsPort: config.REELMILL_LOCALCLOUD_SQS_PORT,
    credentials: credentialsOf(config),
    buckets: [config.REELMILL_MEDIA_BUCKET, config.REELMILL_STATE_BUCKET],
    corsOrigins: config.REELMILL_LOCALCLOUD_CORS_ORIGINS,
    log,
  })
  service.add({ name: 'localcloud', close: () => cloud.close() })
  log.info({ s3Url: cloud.s3Url, sqsUrl: cloud.sqsUrl, dataDir: dataFolder(config) }, 'localcloud is ready')
  await service.untilStopped()
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
