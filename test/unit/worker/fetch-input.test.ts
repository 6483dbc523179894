import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { systemClock } from '#shared/clock.ts'
import { fetchInput } from '../../../services/worker/fetch-input.ts'
import { Workspace } from '../../../services/worker/workspace.ts'
import { MemoryMediaStore } from '../../support/memory-media-store.ts'

const MIB = 2 ** 20
const CHUNK = 64 * 1024

describe('an input that a worker fetches', () => {
  let folder: string
  const never = new AbortController().signal

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-fetch-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  /** Fetches `movie` through connections that each break as `breaks` says; the one after them holds. */
  async function fetched(movie: Buffer, breaks: readonly ((rest: Buffer) => Readable)[]) {
    const starts: number[] = []
    class BreakingStore extends MemoryMediaStore {
      override async read(key: string, options: Parameters<MemoryMediaStore['read']>[1] = {}) {
        const answer = await super.read(key, options)
        const start = options?.range?.start ?? 0
        const connection = breaks[starts.length] ?? afterBytes(Number.POSITIVE_INFINITY)
        starts.push(start)
        return answer && { ...answer, body: connection(movie.subarray(start)) }
      }
    }
    const media = new BreakingStore()
    await media.write('in/acme/upl_1/a', movie)
    const workspace = await Workspace.open(folder, 1024 * MIB)
    const sha256 = createHash('sha256').update(movie).digest('hex')
    const input = {
      ...{ id: 'in1', source: { uploadId: 'upl_1' }, key: 'in/acme/upl_1/a' },
      ...{ sizeBytes: movie.length, sha256 },
    }
    const { path: file } = await fetchInput(
      { clock: systemClock, openBucket: () => media },
      input,
      workspace,
      never,
    )
    return { file: await readFile(file), starts }
  }

  it('is in the file as it is in the store', async () => {
    const movie = randomBytes(3 * MIB + 17)
    const { file, starts } = await fetched(movie, [])
    assert.ok(file.equals(movie))
    assert.deepEqual(starts, [0])
  })

  it('has no gap where its connection broke', async () => {
    const movie = randomBytes(4 * MIB + 17)
    const { file, starts } = await fetched(movie, [afterBytes(1.5 * MIB), afterBytes(MIB)])
    assert.equal(firstDifference(file, movie), undefined)
    assert.equal(starts.length, 3)
    assert.ok((starts[2] ?? 0) > (starts[1] ?? 0) && (starts[1] ?? 0) > 0, `taken up at ${starts}`)
  })

  it('comes by the next connection where one broke as soon as it was there', async () => {
    const movie = randomBytes(MIB)
    const { file, starts } = await fetched(movie, [atOnce])
    assert.ok(file.equals(movie))
    assert.deepEqual(starts, [0, 0])
  })
})

const broken = () => new Error('read ECONNRESET')

const afterBytes = (bytes: number) => (movie: Buffer) =>
  Readable.from(
    (async function* () {
      for (let at = 0; at < movie.length; at += CHUNK) {
        if (at >= bytes) throw broken()
        yield Buffer.from(Uint8Array.from(movie.subarray(at, at + CHUNK)).buffer)
      }
    })(),
  )

function atOnce(): Readable {
  const body = new Readable({ read() {} })
  setImmediate(() => body.destroy(broken()))
  return body
}

function firstDifference(a: Buffer, b: Buffer): number | undefined {
  if (a.length !== b.length) return Math.min(a.length, b.length)
  const at = a.findIndex((byte, index) => byte !== b[index])
  return at === -1 ? undefined : at
}
