import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startTestCloud, type TestCloud, testCredentials } from '../../support/localcloud.ts'
import { requireTool } from '../../support/tools.ts'

const doctor = fileURLToPath(new URL('../../../scripts/doctor.ts', import.meta.url))

const examine = (cloud: TestCloud, environment: NodeJS.ProcessEnv) =>
  promisify(execFile)(process.execPath, [doctor], {
    env: {
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL_S3: cloud.s3Url,
      AWS_ENDPOINT_URL_SQS: cloud.sqsUrl,
      AWS_ACCESS_KEY_ID: testCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: testCredentials.secretAccessKey,
      REELMILL_MEDIA_BUCKET: 'media',
      REELMILL_STATE_BUCKET: 'state',
      REELMILL_CREATE_BUCKETS: 'true',
      ...environment,
    },
  })

describe('The doctor', function () {
  this.timeout(60_000)

  before(function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
  })

  // What /health/ready says of each worker's jail is held by the tests of the REST service.
  const verdicts = {
    auto: /^ {2}ok {3}ffmpeg and its jail +\S+ runs in bwrap$/m,
    bwrap: /^ {2}ok {3}ffmpeg and its jail +\S+ runs in bwrap$/m,
    none: /^ {2}ok {3}ffmpeg and its jail +\S+ runs WITHOUT a jail, as asked: only for inputs that you trust$/m,
  }
  for (const [jail, verdict] of Object.entries(verdicts)) {
    it(`says which jail is in force when it is to be ${jail}`, async () => {
      await using cloud = await startTestCloud()
      const { stdout } = await examine(cloud, { PATH: process.env.PATH, REELMILL_JAIL: jail })
      assert.match(stdout, verdict)
    })
  }

  it('fails where neither ffmpeg nor a jail is found', async () => {
    await using cloud = await startTestCloud()
    const examining = examine(cloud, { PATH: '/nonexistent' })
    await assert.rejects(examining, { code: 1, stdout: /^ FAIL {2}ffmpeg and its jail/m })
  })
})
