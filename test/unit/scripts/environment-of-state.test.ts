import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { environmentOfState } from '../../../scripts/stack/environment-of-state.ts'
import { storeCredentials } from '../../../scripts/stack/store-credentials.ts'

describe("the operator's tools", () => {
  let cwd = ''
  beforeEach(async () => {
    cwd = await mkdtemp(path.join(tmpdir(), 'reelmill-tools-'))
  })
  afterEach(() => rm(cwd, { recursive: true }))

  it('mean the stores of npm start when its data lies here', async () => {
    const { media, state } = storeCredentials(path.join(cwd, 'data'))
    const own = { PATH: '/bin', REELMILL_LOCALCLOUD_S3_PORT: '9007' }
    const { environment, credentials, dataFolder } = await environmentOfState(own, cwd)
    assert.equal(dataFolder, path.join(cwd, 'data'))
    assert.equal(environment.AWS_ENDPOINT_URL_S3, 'http://127.0.0.1:9007')
    assert.equal(environment.AWS_ENDPOINT_URL_SQS, 'http://127.0.0.1:9324')
    assert.equal(environment.REELMILL_STATE_ACCESS_KEY_ID, state.accessKeyId)
    assert.deepEqual(credentials, media)
  })

  it('mean them in the folder that REELMILL_DATA names, too', async () => {
    storeCredentials(path.join(cwd, 'other'))
    const { dataFolder } = await environmentOfState({ REELMILL_DATA: 'other' }, cwd)
    assert.equal(dataFolder, path.join(cwd, 'other'))
  })

  it('mean what the environment names, and AWS when there is nothing', async () => {
    assert.deepEqual(await environmentOfState({ A: 'b' }, cwd), { environment: { A: 'b' } })
    storeCredentials(path.join(cwd, 'data'))
    for (const name of [
      'AWS_ENDPOINT_URL',
      'AWS_ENDPOINT_URL_S3',
      'REELMILL_STATE_ENDPOINT_URL',
      'REELMILL_STATE_BUCKET',
    ]) {
      const own = { [name]: 'x' }
      assert.deepEqual(await environmentOfState(own, cwd), { environment: own })
    }
  })
})
