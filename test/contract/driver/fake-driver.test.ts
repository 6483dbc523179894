import { FakeDriver } from '../../support/fake-driver.ts'
import { driverSuite } from './driver-suite.ts'

for (const remembersTokens of [true, false]) {
  driverSuite(`in memory, ${remembersTokens ? 'remembers' : 'forgets'} tokens`, async () => {
    const driver = new FakeDriver({ remembersTokens })
    return {
      driver,
      reopen: async () => driver,
      kill: async (id) => driver.die(id),
      broken: async () => new FakeDriver({ fault: () => 'not-found' }),
      dispose: () => driver.close(),
    }
  })
}
