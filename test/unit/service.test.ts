import assert from 'node:assert/strict'
import { silentLog } from '#shared/log.ts'
import { Service } from '#shared/service.ts'

describe('a service', () => {
  it('is over for those who ask only after it has stopped', async () => {
    const closed: string[] = []
    const service = new Service({ log: silentLog, graceMs: 1_000 })
    service.add({ name: 'first', close: () => void closed.push('first') })
    service.add({ name: 'second', close: () => void closed.push('second') })
    await service.stop('its work is done')
    await service.untilStopped()
    assert.deepEqual(closed, ['second', 'first'])
  })
})
