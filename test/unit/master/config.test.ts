import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { readConfig } from '#shared/config.ts'
import { jobTimes } from '#shared/jobs/times-config.ts'
import { fleetPolicy, masterConfig } from '../../../services/master/config.ts'

describe("the master's configuration", () => {
  const policy = (environment: Record<string, string> = {}) => {
    const config = readConfig(masterConfig, environment)
    return fleetPolicy(config, jobTimes(config))
  }

  it('has one worker at least and half of the cores at most, if nothing is said', () => {
    const { minWorkers, maxWorkers } = policy()
    assert.deepEqual([minWorkers, maxWorkers], [1, Math.max(1, Math.floor(availableParallelism() / 2))])
  })

  it('may have no worker of its own at all, where others bring them', () => {
    assert.equal(policy({ REELMILL_MIN_WORKERS: '0', REELMILL_MAX_WORKERS: '0' }).maxWorkers, 0)
  })

  it('refuses a minimum above the maximum', () => {
    assert.throws(() => policy({ REELMILL_MIN_WORKERS: '3', REELMILL_MAX_WORKERS: '2' }), {
      code: 'configuration-invalid',
    })
  })

  it('refuses a lease that one late renewal would lose', () => {
    assert.throws(() => policy({ REELMILL_MASTER_RENEW_SEC: '11' }), { code: 'configuration-invalid' })
  })

  it('refuses a lease of workers that one late heartbeat would lose', () => {
    assert.throws(() => policy({ REELMILL_HEARTBEAT_SEC: '21' }), { code: 'configuration-invalid' })
  })
})
