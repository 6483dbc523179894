import { performance } from 'node:perf_hooks'
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'

const PREFIX = 'reelmill_frontend_'
const NEVER_MS = 2 ** 31 - 1

/**
 * Measures this process: memory, CPU, descriptors, garbage collection, and how busy its event loop is between two
 * scrapes, from 0 to 1. Nothing is done in between: prom-client's own histogram of the loop's delay wakes the process a
 * hundred times a second, which is most of what an idle frontend costs, and takes that from the ffmpeg beside it.
 */
export function measureProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry, prefix: PREFIX, eventLoopMonitoringPrecision: NEVER_MS })
  for (const { name } of registry.getMetricsAsArray()) {
    if (name.startsWith(`${PREFIX}nodejs_eventloop_lag_`) && name !== `${PREFIX}nodejs_eventloop_lag_seconds`)
      registry.removeSingleMetric(name)
  }
  let before = performance.eventLoopUtilization()
  new Gauge({
    name: `${PREFIX}nodejs_eventloop_utilization_ratio`,
    help: 'Share of the time since the last scrape that the event loop was busy',
    registers: [registry],
    collect() {
      const now = performance.eventLoopUtilization()
      this.set(performance.eventLoopUtilization(now, before).utilization)
      before = now
    },
  })
}
