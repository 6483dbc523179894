import assert from 'node:assert/strict'
import { Registry } from 'prom-client'
import { measureProcess } from '../../../services/frontend/rest/metrics/measure-process.ts'

describe('what a frontend measures of itself', () => {
  const registry = new Registry()
  const value = (text: string, name: string) =>
    Number(new RegExp(`^reelmill_frontend_${name} (.+)$`, 'm').exec(text)?.[1])

  it('is its memory, its CPU time, and how busy its event loop was since the last scrape', async () => {
    measureProcess(registry)
    await registry.metrics()
    const until = performance.now() + 50
    while (performance.now() < until); // busy
    const busy = await registry.metrics()
    assert.ok(value(busy, 'process_resident_memory_bytes') > 2 ** 20)
    assert.ok(value(busy, 'process_cpu_seconds_total') > 0)
    assert.ok(value(busy, 'nodejs_eventloop_utilization_ratio') > 0.5)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const idle = await registry.metrics()
    assert.ok(
      value(idle, 'nodejs_eventloop_utilization_ratio') < value(busy, 'nodejs_eventloop_utilization_ratio'),
    )
  })

  it('has nothing that is measured by waking up between scrapes', async () => {
    const lags = (await registry.metrics()).match(/^reelmill_frontend_nodejs_eventloop_lag\w+/gm)
    assert.deepEqual(lags, ['reelmill_frontend_nodejs_eventloop_lag_seconds'])
  })
})
