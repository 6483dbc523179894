import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { RequestSample } from '../middleware/access-log.ts'
import type { JobFigures } from './job-figures.ts'
import { measureProcess } from './measure-process.ts'

/**
 * All that this process measures, in a registry of its own. What it says of jobs, workers and the queue is of the whole
 * service, so several frontends tell the same, and their maximum is right where their sum is not.
 */
export class Metrics {
  readonly registry = new Registry()
  readonly #requests: Histogram
  readonly #figures: JobFigures

  constructor(figures: JobFigures, options: { readonly measureProcess: boolean }) {
    this.#figures = figures
    const registers = [this.registry]
    if (options.measureProcess) measureProcess(this.registry)
    this.#requests = new Histogram({
      name: 'reelmill_request_duration_seconds',
      help: 'Requests by route, until the answer has gone out',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
      registers,
    })
    const jobs = new Gauge({
      name: 'reelmill_jobs',
      help: 'Open jobs by status; closing ones have ended but not told everyone yet',
      labelNames: ['status'],
      registers,
    })
    const oldest = new Gauge({
      name: 'reelmill_queue_oldest_age_seconds',
      help: 'How long the oldest queued job has waited',
      registers,
    })
    const depth = new Gauge({
      name: 'reelmill_queue_depth',
      help: 'Bells in the queue, approximately',
      registers,
    })
    const workers = new Gauge({
      name: 'reelmill_workers',
      help: 'Registered workers by state',
      labelNames: ['state'],
      registers,
    })
    const factor = new Gauge({
      name: 'reelmill_worker_realtime_factor',
      help: 'Seconds of movie that each busy worker encodes per second',
      labelNames: ['worker'],
      registers,
    })
    const ended = new Counter({
      name: 'reelmill_jobs_ended_total',
      help: 'Jobs of the whole service that have ended since this frontend was first asked',
      labelNames: ['status'],
      registers,
    })
    const encode = new Histogram({
      name: 'reelmill_encode_seconds',
      help: 'Seconds of encoding per succeeded job of the whole service',
      buckets: [1, 5, 15, 60, 300, 1_800, 7_200, 36_000],
      registers,
    })
    const realtime = new Histogram({
      name: 'reelmill_realtime_factor',
      help: 'Seconds of movie per second of encoding, per succeeded job of the whole service',
      buckets: [0.25, 0.5, 1, 2, 4, 8, 16, 32],
      registers,
    })
    this.#show = (figures) => {
      for (const gauge of [jobs, workers, factor]) gauge.reset()
      for (const [status, count] of Object.entries(figures.open)) jobs.set({ status }, count)
      for (const [state, count] of Object.entries(figures.workers)) workers.set({ state }, count)
      for (const [worker, value] of Object.entries(figures.realtimeFactors)) factor.set({ worker }, value)
      oldest.set(figures.oldestQueuedSec)
      if (figures.queueDepth !== undefined) depth.set(figures.queueDepth)
      for (const { status, encodeSec, movieSec } of figures.ended) {
        ended.inc({ status })
        if (encodeSec === undefined) continue
        encode.observe(encodeSec)
        if (movieSec !== undefined && encodeSec > 0) realtime.observe(movieSec / encodeSec)
      }
    }
  }

  readonly #show: (figures: Awaited<ReturnType<JobFigures['collect']>>) => void

  observeRequest({ method, route, status, seconds }: RequestSample): void {
    this.#requests.observe({ method, route, status }, seconds)
  }

  /** The text that Prometheus reads. */
  async text(): Promise<string> {
    const figures = await this.#figures.collect()
    this.#show(figures)
    return this.registry.metrics()
  }
}
