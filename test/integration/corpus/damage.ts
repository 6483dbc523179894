import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { clipFolder } from '../../support/clips.ts'

/** Writes a changed copy of a file and returns its path. */
export async function changed(file: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const copy = path.join(clipFolder(), `${randomUUID()}${path.extname(file)}`)
  await writeFile(copy, change(await readFile(file)))
  return copy
}

/** The first part of a file. */
export const cut = (file: string, ratio: number) =>
  changed(file, (bytes) => bytes.subarray(0, Math.floor(bytes.length * ratio)))

/** The first part of a file of packets, and half a packet. */
export const cutThroughPacket = (file: string, ratio: number, packetBytes: number) =>
  changed(file, (bytes) => {
    const packets = Math.floor((bytes.length * ratio) / packetBytes)
    return bytes.subarray(0, (packets + 0.5) * packetBytes)
  })

/** The whole packets of a transport stream up to a place inside a frame of its picture. */
export const cutThroughFrame = (file: string, ratio: number) =>
  changed(file, (bytes) => {
    // Where frames lie differs with the CPU that made the movie: the encoder of the sound is not exact to the bit.
    for (let at = Math.floor((bytes.length * ratio) / 188) * 188; at < bytes.length - 188; at += 188)
      if (goesOn(bytes, at) && goesOn(bytes, at + 188)) return bytes.subarray(0, at + 188)
    throw new Error('no frame is longer than two packets')
  })

/** A packet of the picture in which no frame begins. */
const goesOn = (bytes: Buffer, at: number) => bytes.readUInt16BE(at + 1) === FIRST_PICTURE_PID
/** What ffmpeg gives a picture; the flag of a beginning (0x4000) is not set. */
const FIRST_PICTURE_PID = 0x100

/** Zeros in place of `size` bytes, from `ratio` of the file on. */
export const zeroed = (file: string, ratio: number, size: number) =>
  changed(file, (bytes) => {
    const from = Math.floor(bytes.length * ratio)
    return bytes.fill(0, from, from + size)
  })

/** One flipped bit in every `every` bytes between two places of the file; the same ones each time. */
export const flipped = (file: string, from: number, to: number, every: number) =>
  changed(file, (bytes) => {
    for (let at = Math.floor(bytes.length * from); at < bytes.length * to; at += every) {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
    }
    return bytes
  })

/** A file without `size` bytes, from `ratio` on, in whole units of `unit` bytes. */
export const without = (file: string, ratio: number, size: number, unit = 1) =>
  changed(file, (bytes) => {
    const from = Math.floor((bytes.length * ratio) / unit) * unit
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + size)])
  })

/** One file after the other. */
export const joined = async (first: string, second: string) => {
  const rest = await readFile(second)
  return changed(first, (bytes) => Buffer.concat([bytes, rest]))
}

/**
 * One transport stream after the other, as a broadcaster splices them: the counters that tell of lost packets go on.
 */
export const spliced = async (first: string, second: string) => {
  const rest = await readFile(second)
  return changed(first, (bytes) => {
    const both = Buffer.concat([bytes, rest])
    const counters = new Map<number, number>()
    for (let at = 0; at < both.length; at += 188) {
      const pid = both.readUInt16BE(at + 1) & 0x1fff
      const flags = both[at + 3] ?? 0
      // A packet without payload repeats the counter.
      const hasPayload = (flags & 0x10) !== 0
      const last = counters.get(pid) ?? 15
      const counter = hasPayload ? (last + 1) % 16 : last
      counters.set(pid, counter)
      both[at + 3] = (flags & 0xf0) | counter
    }
    return both
  })
}

/** Flips a bit at the first place after `marker`, `offset` bytes on. */
export const flippedAfter = (file: string, marker: string, offset: number, bit = 0) =>
  changed(file, (bytes) => {
    const at = bytes.indexOf(marker, 0, 'latin1') + marker.length + offset
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
    return bytes
  })
