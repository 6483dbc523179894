import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import { createLog } from '#shared/log.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { problemIn, startTestFrontend } from '../../support/frontend.ts'

describe('a defect', () => {
  it('is told with nothing but the id under which the log has all of it', async () => {
    const lines = new PassThrough()
    const log = createLog({ service: 'test', level: 'error', stream: lines })
    const objects = new MemoryObjects({
      fault: ({ verb }) => {
        if (verb === 'list') throw new ReelmillError('internal', 'The secret of the house is swordfish.')
        return 'none'
      },
    })
    await using frontend = await startTestFrontend({ objects, log })
    const answer = await frontend.call('GET', '/v1/jobs', { headers: { 'x-request-id': 'req-7' } })
    const problem = await problemIn(answer, 500, 'internal')
    assert.equal(problem.requestId, 'req-7')
    assert.ok(!JSON.stringify(problem).includes('swordfish'))
    const logged = String(lines.read())
    assert.ok(logged.includes('req-7') && logged.includes('swordfish'))
  })
})
