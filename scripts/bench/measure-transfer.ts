import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { statfs } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { uploadKey } from '#shared/jobs/keys.ts'
import type { UploadRecord } from '#shared/jobs/upload-record.ts'
import type { Upload } from '../../services/frontend/shapes/upload.ts'
import type { BenchContext, BenchGroup, BenchStack } from './bench-group.ts'
import { openBenchStores } from './bench-stores.ts'
import type { Measurement } from './measurement.ts'
import { forgetPeak, ownCpuSec, peakRssMib, processUse } from './process-use.ts'
import { summary } from './statistics.ts'

const GIB = 2 ** 30
const SIZE = 2 * GIB
const WARM_SIZE = 64 * 2 ** 20
const ROOM = 2 * SIZE
/** Sent again and again: the bytes must not be made as they are sent, or making them is what is measured. */
const block = randomBytes(2 ** 20)
const services = ['frontend', 'localcloud'] as const

/** Movies are larger than memory: neither service may hold what passes through it. */
export const measureTransfer: BenchGroup = {
  name: 'transfer',
  title: 'Large movies',
  about: `Memory and CPU of frontend and localcloud over an upload and a download of ${SIZE / GIB} GiB.`,
  takes: [],
  async run(context) {
    const { bavail, bsize } = await statfs(context.folder)
    if (bavail * bsize < ROOM)
      throw new Error(
        `this needs ${ROOM / GIB} GiB of free disk for a while; make room in ${context.folder}.`,
      )
    await using running = await context.startStack({ REELMILL_MIN_WORKERS: '0', REELMILL_MAX_WORKERS: '0' })
    const stores = await openBenchStores(running)
    const urlOf = async (uploadId: string) => {
      const found = await stores.store.get<UploadRecord>(uploadKey(uploadId))
      return stores.media.presignRead(found?.value.key ?? '', { expiresSec: 3600 })
    }
    try {
      // Code that runs for the first time, and the first buffers, are no growth.
      await download(await urlOf(await upload(running, WARM_SIZE, context)), WARM_SIZE, context)
      let uploadId = ''
      const up = await cost('upload', running, context, async () => {
        uploadId = await upload(running, SIZE, context)
      })
      const url = await urlOf(uploadId)
      const down = await cost('download', running, context, () => download(url, SIZE, context))
      return {
        measurements: [...up, ...down],
        remarks: `
${SIZE / GIB} GiB in one request each, of bytes that the client makes as it sends them. Growth is the highest memory use (RSS)
during the transfer, less that before it, after a first one of ${WARM_SIZE / 2 ** 20} MiB. An upload passes the frontend; a download by REST
is redirected to the store, so the frontend sees nothing of it.
`,
      }
    } finally {
      stores.close()
    }
  },
}

/** What `transfer` costs each service. */
async function cost(
  what: string,
  { stack }: BenchStack,
  { say }: BenchContext,
  transfer: () => Promise<void>,
): Promise<Measurement[]> {
  const before: {
    readonly name: string
    readonly pid: number
    readonly rss: number
    readonly cpu: number
  }[] = []
  for (const name of services) {
    const pid = stack.pids[name]
    if (pid === undefined) throw new Error(`there is no ${name}`)
    await forgetPeak(pid)
    before.push({ name, pid, rss: (await processUse(pid)).rssMib, cpu: await ownCpuSec(pid) })
  }
  const startedMs = performance.now()
  await transfer()
  const seconds = (performance.now() - startedMs) / 1000
  say(`  ${what}: ${(SIZE / 2 ** 20 / seconds).toFixed(0)} MiB a second`)
  const rows: Measurement[] = []
  for (const { name, pid, rss, cpu } of before) {
    const growth = (await peakRssMib(pid)) - rss
    const perGib = ((await ownCpuSec(pid)) - cpu) / (SIZE / GIB)
    rows.push(
      {
        what: `${what}: growth of ${name}`,
        unit: 'MiB',
        value: summary([growth]),
        goal: { atMost: 128 },
        note: `from ${rss.toFixed(0)} MiB`,
      },
      {
        what: `${what}: CPU of ${name}`,
        unit: 'CPU-s/GiB',
        value: summary([perGib]),
        ...(name === 'frontend' && { goal: { atMost: 5 } }),
      },
    )
  }
  return rows
}

/** Streams `size` bytes into a new upload, and resolves with its id. */
async function upload({ stack }: BenchStack, size: number, { signal }: BenchContext): Promise<string> {
  const authorization = `Bearer ${stack.key}`
  const begun = await fetch(`${stack.url}/v1/uploads`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ fileName: 'large.bin', sizeBytes: size }),
    signal,
  })
  const { id } = (await begun.json()) as Upload
  const sending = request(`${stack.url}/v1/uploads/${id}/content`, {
    method: 'PUT',
    headers: { authorization, 'content-length': size, 'content-type': 'application/octet-stream' },
    signal,
  })
  const answered = once(sending, 'response', { signal }) as Promise<[IncomingMessage]>
  for (let sent = 0; sent < size; sent += block.length)
    if (!sending.write(block)) await Promise.race([once(sending, 'drain', { signal }), answered])
  sending.end()
  const [answer] = await answered
  const said = await text(answer)
  if (answer.statusCode !== 200) throw new Error(`the upload was answered with ${answer.statusCode}: ${said}`)
  const { status, sizeBytes } = JSON.parse(said) as Upload
  if (status !== 'ready' || sizeBytes !== size)
    throw new Error(`of ${size} bytes came ${sizeBytes} (${status})`)
  return id
}

/** Reads `url` to its end, and compares every byte with what was sent. */
async function download(url: string, size: number, { signal }: BenchContext): Promise<void> {
  const asking = request(url, { signal }).end()
  const [answer] = (await once(asking, 'response', { signal })) as [IncomingMessage]
  if (answer.statusCode !== 200) throw new Error(`the download was answered with ${answer.statusCode}`)
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      const from = (bytes + at) % block.length
      const length = Math.min(chunk.length - at, block.length - from)
      if (chunk.compare(block, from, from + length, at, at + length) !== 0)
        throw new Error(`byte ${bytes + at} or one soon after it is not what was sent`)
      at += length
    }
    bytes += chunk.length
  }
  if (bytes !== size) throw new Error(`of ${size} bytes came ${bytes}`)
}
