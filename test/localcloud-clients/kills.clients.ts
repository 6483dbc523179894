import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3'
import { describe, it } from 'mocha'
import { type CloudProcess, spawnLocalcloud } from '../support/localcloud-process.ts'
import { inParallel } from './support/in-parallel.ts'
import { bodyFiles } from './support/left-behind.ts'

const STORES = 2
const KILLS = 50
const WRITERS = 12
const Bucket = 'media'
/** Bodies of more bytes are files of their own; the others lie in their rows. */
const INLINE_BYTES = 64 * 1024

/** A key's possible contents as hashes, `undefined` being none; two while a write of it has no answer. */
type Possible = Map<string, readonly (string | undefined)[]>

describe(`${KILLS} times kill -9 of the local cloud under ${WRITERS} writers`, function () {
  this.timeout(300_000)
  it('loses nothing that was acknowledged, shows nothing by halves, and leaves no file behind', async () => {
    const rounds = Array.from({ length: STORES }, () => killAgainAndAgain(KILLS / STORES))
    const kept = (await Promise.all(rounds)).reduce((sum, objects) => sum + objects, 0)
    assert.ok(kept > KILLS, `only ${kept} objects were kept, so little was tried`)
  })
})

/** How many objects were there at the end. */
async function killAgainAndAgain(rounds: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'reelmill-clients-kills-'))
  const possible: Possible = new Map()
  let cloud: CloudProcess | undefined
  try {
    for (let round = 0; round < rounds; round++) {
      cloud = await spawnLocalcloud(folder)
      await check(cloud.s3, folder, possible)
      await writeUntilKilled(cloud, round, possible)
    }
    cloud = await spawnLocalcloud(folder)
    return await check(cloud.s3, folder, possible, true)
  } finally {
    await cloud?.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
}

/** Every writer has keys of its own: some it writes again and again, some once, and some it deletes. */
async function writeUntilKilled(cloud: CloudProcess, round: number, possible: Possible): Promise<void> {
  const answersBeforeKill = 12 + ((round * 7) % 60)
  let answers = 0
  const change = async (Key: string, Body: Buffer | undefined) => {
    const before = possible.get(Key) ?? [undefined]
    const hash = Body && md5(Body)
    possible.set(Key, [...before, hash])
    if (Body) await cloud.s3.send(new PutObjectCommand({ Bucket, Key, Body }))
    else await cloud.s3.send(new DeleteObjectCommand({ Bucket, Key }))
    possible.set(Key, [hash, hash]) // twice, since nobody has read it yet
    if (++answers === answersBeforeKill) cloud.child.kill('SIGKILL')
  }
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    for (let i = 0; ; i++) {
      const size =
        i % 2 === writer % 2 ? 40 + ((writer * 331 + i * 97) % 4_000) : INLINE_BYTES + 1 + i * 9_001
      const body = Buffer.alloc(size, `${round} ${writer} ${i} `)
      await change(`writer-${writer}/again`, body)
      await change(`writer-${writer}/${round}-${i}`, body)
      if (i > 0) await change(`writer-${writer}/${round}-${i - 1}`, undefined)
    }
  })
  const ends = await Promise.allSettled(writers)
  await cloud.kill('SIGKILL')
  assert.ok(answers >= answersBeforeKill, String(ends.map((end) => end.status === 'rejected' && end.reason)))
}

/**
 * Forgets the possibilities that did not come true. Reads every object that may have changed since the last time,
 * and `all` of them at the end; of the others the ETag, which is the MD5 of what was once read.
 */
async function check(s3: S3Client, folder: string, possible: Possible, all = false): Promise<number> {
  const found = new Map<string, string>()
  let files = 0
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    for (const { Key = '', Size = 0, ETag = '' } of page.Contents ?? []) {
      found.set(Key, ETag.replaceAll('"', ''))
      if (Size > INLINE_BYTES) files++
    }
  }
  await inParallel(8, found.keys(), async (Key) => {
    if (!all && possible.get(Key)?.length === 1) return
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    found.set(Key, md5((await Body?.transformToByteArray()) ?? new Uint8Array()))
  })
  for (const key of new Set([...possible.keys(), ...found.keys()])) {
    const hash = found.get(key)
    assert.ok(possible.get(key)?.includes(hash), `${key} is ${hash}, and may be ${possible.get(key)}`)
    if (hash === undefined) possible.delete(key)
    else possible.set(key, [hash])
  }
  assert.equal((await bodyFiles(folder)).length, files, 'files on the disk that belong to no object')
  return found.size
}

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
