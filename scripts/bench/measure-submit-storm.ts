import path from 'node:path'
import { systemClock } from '#shared/clock.ts'
import type { Job } from '../../services/frontend/shapes/job.ts'
import { makeClip } from '../demo/make-clip.ts'
import { ApiClient } from '../stack/api-client.ts'
import type { BenchContext, BenchGroup, BenchStack } from './bench-group.ts'
import { ownCpuSec } from './process-use.ts'
import { quantile, summary } from './statistics.ts'

const JOBS = 2_000
const PER_SEC = 50
const PAGE = 200

/** Many clients at once, and nobody who encodes: what is accepted must be there. */
export const measureSubmitStorm: BenchGroup = {
  name: 'submit-storm',
  title: 'A storm of submits',
  about: `${JOBS} jobs submitted at ${PER_SEC} a second to the embedded default, without workers.`,
  takes: [],
  async run(context) {
    await using running = await context.startStack({
      REELMILL_MIN_WORKERS: '0',
      REELMILL_MAX_WORKERS: '0',
      // One key stands for many clients here.
      REELMILL_RATE_PER_MINUTE: '1000000',
    })
    const cpuSec = () => cpuOf(running)
    const before = await cpuSec()
    const answers = await storm(running, context)
    const after = await cpuSec()
    const accepted = new Set(answers.flatMap(({ id }) => id ?? []))
    const firstRefusal = answers.find(({ refused }) => refused !== undefined)?.refused
    if (firstRefusal !== undefined) context.say(`  refused: ${firstRefusal}`)
    const listed = await listAll(running, context.signal)
    const lost = [...accepted].filter((id) => !listed.has(id))
    context.say(`  ${accepted.size} accepted, ${listed.size} listed, ${lost.length} lost`)
    const ms = answers.map((answer) => answer.ms)
    return {
      measurements: [
        {
          what: 'accepted',
          unit: 'jobs',
          value: summary([accepted.size]),
          goal: { atLeast: JOBS },
        },
        { what: 'accepted and not listed', unit: 'jobs', value: summary([lost.length]), goal: { atMost: 0 } },
        {
          what: 'answer to a submit',
          unit: 'ms',
          value: summary(ms),
          goal: { atMost: 250 },
          compared: { name: 'p99', value: quantile(ms, 0.99) },
        },
        ...Object.entries(after).map(([name, sec]) => ({
          what: `CPU of ${name} for each`,
          unit: 'ms' as const,
          value: summary([(1000 * (sec - (before[name] ?? 0))) / JOBS]),
        })),
      ],
      remarks: `
Submits leave at their time whether or not the ones before are answered, and an answer's time counts from then. All
jobs have the same upload as input. Afterwards the list of jobs is read to its end, ${PAGE} a page. The rate limit of a
key is lifted for this.
`,
    }
  },
}

interface Answer {
  readonly ms: number
  readonly id?: string
  readonly refused?: string
}

async function storm({ stack, dataFolder }: BenchStack, { signal }: BenchContext): Promise<Answer[]> {
  const api = new ApiClient({ url: stack.url, key: stack.key, signal })
  const clip = path.join(dataFolder, 'tiny.mp4')
  await makeClip(clip, { width: 160, height: 90, framesPerSecond: 25, durationSec: 1 }, signal)
  const { id: uploadId } = await api.upload(clip)
  await api.submit(uploadId, ['web-480p']) // whatever is made at the first time
  const startMs = performance.now() + 100
  const submit = async (dueMs: number): Promise<Answer> => {
    await systemClock.sleep(Math.max(0, dueMs - performance.now()), signal)
    try {
      const { id } = await api.submit(uploadId, ['web-480p'])
      return { id, ms: performance.now() - dueMs }
    } catch (error) {
      signal.throwIfAborted()
      return {
        refused: error instanceof Error ? error.message : String(error),
        ms: performance.now() - dueMs,
      }
    }
  }
  return Promise.all(Array.from({ length: JOBS }, (_, i) => submit(startMs + (i * 1000) / PER_SEC)))
}

/** CPU seconds of each service so far. */
async function cpuOf({ stack }: BenchStack): Promise<Record<string, number>> {
  const used: Record<string, number> = {}
  for (const [name, pid] of Object.entries(stack.pids))
    if (pid !== undefined) used[name] = await ownCpuSec(pid)
  return used
}

/** The ids of all jobs that the list shows. Throws when it shows one twice. */
async function listAll({ stack }: BenchStack, signal: AbortSignal): Promise<Set<string>> {
  const ids = new Set<string>()
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const response = await fetch(`${stack.url}/v1/jobs?limit=${PAGE}${after}`, {
      headers: { authorization: `Bearer ${stack.key}` },
      signal,
    })
    if (!response.ok)
      throw new Error(`the list of jobs answered ${response.status}: ${await response.text()}`)
    const page = (await response.json()) as { items: readonly Job[]; nextCursor?: string }
    for (const { id } of page.items) {
      if (ids.has(id)) throw new Error(`the list shows the job ${id} twice`)
      ids.add(id)
    }
    cursor = page.nextCursor
  }
  return ids
}
