import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { workerKey } from '#shared/jobs/keys.ts'
import { everydayClip, fastH264, makeClip } from '../support/clips.ts'
import { type FaultBench, startFaultBench } from '../support/fault-bench.ts'
import { slowClip } from '../support/slow-encode.ts'
import { fillDisk, seenBy, smallDisk } from '../support/small-disk.ts'
import { workspaceOf } from '../support/test-stack.ts'
import { requireTool } from '../support/tools.ts'

const MIB = 2 ** 20

/** Noise does not compress: some 6 MiB. */
const bulkyClip = () =>
  makeClip('bulky.mp4', [
    ...['-f', 'lavfi', '-i', 'color=gray:s=640x360:r=25:d=2,noise=alls=100:allf=t'],
    ...fastH264,
    ...['-qp', '12'],
  ])

describe('a full disk', function () {
  this.timeout(120_000)
  let bench: FaultBench
  before(function () {
    requireTool(this, 'ffmpeg', 'bwrap', 'prlimit', 'small-disk')
  })

  describe('of the worker', () => {
    after(() => bench?.[Symbol.asyncDispose]())
    before(async () => {
      bench = await startFaultBench(
        { REELMILL_MIN_WORKERS: '0', REELMILL_MAX_WORKERS: '0' },
        {
          wrap: (name, dataFolder) =>
            name === 'worker' ? smallDisk(workspaceOf(dataFolder, 'worker'), 4 * MIB) : [],
        },
      )
      await bench.start('worker')
    })
    const disk = () => seenBy(bench.service('worker').pid, workspaceOf(bench.dataFolder, 'worker'))
    const goesOn = async () => {
      const { id } = await bench.submit(everydayClip(), 'web-480p')
      await bench.succeeded(id, ['succeeded'])
      assert.ok(bench.service('worker').running)
    }

    it('fails a job whose movie does not fit, and the worker goes on', async () => {
      const { id } = await bench.submit(bulkyClip(), 'web-480p')
      const job = await bench.failed(id, 'disk-full')
      assert.equal(job.error?.phase, 'fetch')
      assert.match(job.error?.message ?? '', /bytes of disk left and the input needs/)
      await goesOn()
    })

    it('fails a job in the middle of whose encode it fills up, and the worker goes on', async () => {
      const { id } = await bench.encodeSlowly(slowClip())
      {
        await using _ = await fillDisk(disk())
        const job = await bench.failed(id, 'disk-full')
        assert.deepEqual(
          job.attempts?.map(({ error }) => [error?.code, error?.phase]),
          Array(2).fill(['disk-full', 'encode']),
        )
      }
      await goesOn()
    })

    it('fails a job for which only the movie fits, or all but the end of an output', async () => {
      const clip = await smallestClip()
      const pages = Math.ceil((await stat(clip)).size / 4096)
      // Two of them are for the folders of the attempt.
      for (const sparePages of [2, 10]) {
        await using _ = await fillDisk(disk(), (pages + sparePages) * 4096)
        const { id } = await bench.submit(clip, 'web-480p')
        const job = await bench.failed(id, 'disk-full')
        assert.equal(job.error?.phase, 'encode', 'the movie did fit')
        if (sparePages === 2) continue
        // Where only its last write found no room, ffmpeg says so and ends as if all were well.
        assert.equal(job.error?.details?.how, 'exited with code 0')
        assert.match(job.error.details.stderr ?? '', /Error closing file .*: No space left on device/)
      }
      await goesOn()
    })
  })

  describe('of the store', () => {
    const cloudFolder = (dataFolder: string) => path.join(dataFolder, 'localcloud')
    const disk = () => seenBy(bench.service('localcloud').pid, cloudFolder(bench.dataFolder))
    after(() => bench?.[Symbol.asyncDispose]())
    before(async () => {
      bench = await startFaultBench(
        {},
        {
          wrap: (name, dataFolder) =>
            name === 'localcloud' ? smallDisk(cloudFolder(dataFolder), 24 * MIB) : [],
        },
      )
    })

    it('refuses a movie that does not fit as its own failure, and keeps nothing of it', async () => {
      {
        await using _ = await fillDisk(disk(), 2 * MIB)
        await assert.rejects(bench.api.upload(await bulkyClip()), /answered 503: .*store/)
        await bench.nothingIsLeft()
      }
      const { id } = await bench.submit(bulkyClip(), 'web-480p')
      await bench.succeeded(id, ['succeeded'])
    })

    it('that fills up while a job runs delays the job until there is room again', async () => {
      const { id, worker } = await bench.encodeSlowly(slowClip())
      {
        await using _ = await fillDisk(disk())
        await bench.until('the worker notices', async () => {
          const found = await bench.stores.store.get(workerKey(worker.id))
          return found !== undefined && Date.now() - Date.parse(String(found.value.heartbeatAt)) > 2_000
        })
      }
      await bench.succeeded(id)
    })
  })
})

/** Of 6 pages of 4 KiB; its output has 11. */
const smallestClip = () =>
  makeClip('smallest.mp4', [
    ...['-f', 'lavfi', '-i', 'color=gray:s=320x180:r=25:d=4,noise=alls=20:allf=t'],
    ...fastH264,
    ...['-crf', '40'],
  ])
