import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import { everydayClip } from '../support/clips.ts'
import { type FaultBench, startFaultBench } from '../support/fault-bench.ts'
import { REAL_FFMPEG } from '../support/stand-in-ffmpeg.ts'
import { requireTool } from '../support/tools.ts'

const STALL_SEC = 3
const MEMORY_MIB = 256

describe('an ffmpeg that turns on its worker', function () {
  this.timeout(120_000)
  let bench: FaultBench
  let worker: WorkerRecord
  before(async function () {
    requireTool(this, 'ffmpeg', 'bwrap', 'prlimit')
    bench = await startFaultBench({
      REELMILL_ENCODE_STALL_SEC: String(STALL_SEC),
      REELMILL_ENCODE_MEMORY: `${MEMORY_MIB}MiB`,
      REELMILL_MAX_ATTEMPTS: '1',
    })
    const { id } = await bench.submit(everydayClip(), 'web-480p')
    worker = await bench.workerOn(id)
    await bench.succeeded(id)
  })
  after(() => bench?.[Symbol.asyncDispose]())

  /** After each attack the same worker, which was never replaced, runs a job as if nothing had been. */
  afterEach(async () => {
    if (!bench) return
    await bench.ffmpeg.behave(REAL_FFMPEG)
    const { id } = await bench.submit(everydayClip(), 'web-480p')
    const job = await bench.succeeded(id)
    assert.deepEqual(
      job.attempts?.map((attempt) => attempt.worker),
      [worker.id],
    )
  })

  const attack = async (script: string) => {
    await bench.ffmpeg.behave(script)
    return bench.submit(everydayClip(), 'web-480p')
  }

  it('is stopped when it hangs', async () => {
    const { id } = await attack('sleep 1000')
    const job = await bench.failed(id, 'encode-stalled', STALL_SEC * 1000 + 20_000)
    assert.match(job.error?.message ?? '', new RegExp(`no progress for ${STALL_SEC} s`))
  })

  it('is stopped when it hangs, ignores every signal that can be ignored, and has children that do', async () => {
    const deaf = "trap '' TERM INT HUP PIPE XCPU"
    const { id } = await attack(
      `${deaf}; (${deaf}; while :; do sleep 1000; done) & while :; do sleep 1000; done`,
    )
    await bench.failed(id, 'encode-stalled', STALL_SEC * 1000 + 20_000)
  })

  it('is stopped within seconds when it ignores signals and the client cancels', async () => {
    const { id } = await attack("trap '' TERM INT HUP; while :; do sleep 1000; done")
    await bench.workerOn(id, 'encode')
    await bench.api.cancel(id)
    assert.equal((await bench.api.follow(id)).status, 'canceled')
    await bench.nothingIsLeft()
  })

  it('is stopped when it floods its log, with lines and with one that does not end', async () => {
    const long = "$(head -c 100000 /dev/zero | tr '\\0' x)"
    const report = 'i=$((i+1)); printf "frame=%s\\nprogress=continue\\n" "$i" >&2' // it does not stall
    const lines = `i=0; long=${long}; while :; do ${report}; yes "$long" | head -n 40 >&2; done`
    for (const flood of [lines, "tr '\\0' x </dev/zero >&2"]) {
      const { id } = await attack(flood)
      const job = await bench.failed(id, 'encode-failed')
      assert.match(job.error?.message ?? '', /more into its log than any movie/)
      assert.ok((await residentMiB(worker)) < 400, 'the worker kept none of it')
    }
  })

  it('meets its limit when it fills memory', async () => {
    // tail keeps the last line, and zeros are one without an end.
    const { id } = await attack('tail /dev/zero; exit 1')
    const job = await bench.failed(id, 'encode-failed')
    assert.match(job.error?.message ?? '', /limit on memory/)
  })

  it('leaves no process when its worker is killed, however deaf it is', async () => {
    const deaf = "trap '' TERM INT HUP"
    const { id } = await attack(
      `${deaf}; (${deaf}; while :; do sleep 1000; done) & while :; do sleep 1000; done`,
    )
    await bench.workerOn(id, 'encode')
    await bench.ffmpegRuns()
    process.kill(worker.pid ?? 0, 'SIGKILL')
    await bench.ffmpeg.behave(REAL_FFMPEG)
    worker = await bench.workerOn(id, undefined, worker)
    await bench.succeeded(id, ['lost', 'succeeded'])
  })
})

async function residentMiB({ pid }: WorkerRecord): Promise<number> {
  const kib = /^VmHWM:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) / 1024
}
