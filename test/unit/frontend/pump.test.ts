import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import { ByteMeter } from '../../../services/frontend/operations/byte-meter.ts'
import { pump } from '../../../services/frontend/operations/pump.ts'

const meter = () => new ByteMeter({ mostBytes: 1e9, tooMuch: () => new Error('too much') })

async function* endless() {
  for (;;) yield Buffer.alloc(100_000)
}

describe('a body that is pumped into the store', () => {
  it('fails for the reason of the writer, which lets go of the body before it says why', async () => {
    const bytes = meter()
    const full = new ReelmillError('store-unavailable', 'The store is full.')
    const pumped = pump({ body: Readable.from(endless(), { objectMode: false }) }, bytes, async () => {
      await once(bytes, 'readable')
      bytes.destroy()
      await once(bytes, 'close')
      await new Promise((resolve) => setImmediate(resolve)) // it removes the parts that it had stored
      throw full
    })
    await assert.rejects(pumped, full)
  })

  it('fails for the reason of the connection when the client goes away, whatever the writer makes of that', async () => {
    async function* cut() {
      yield Buffer.from('half')
      throw new Error('socket hang up')
    }
    const bytes = meter()
    const pumped = pump({ body: Readable.from(cut(), { objectMode: false }) }, bytes, async () => {
      for await (const _ of bytes); // rejects, since its source has failed
    })
    await assert.rejects(pumped, /The connection ended after 4 bytes \(socket hang up\)/)
  })
})
