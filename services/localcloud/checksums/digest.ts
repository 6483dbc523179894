import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Crc32c as TableCrc32c } from '@aws-crypto/crc32c'
import { Crc64Nvme } from './crc64-nvme.ts'

/** The algorithms of `x-amz-checksum-*`, and MD5 for Content-MD5 and ETags. */
export const checksumAlgorithms = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const

export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]

export const isChecksumAlgorithm = (name: string): name is ChecksumAlgorithm =>
  checksumAlgorithms.some((algorithm) => algorithm === name)

/** A running digest. `digest` ends it; bytes are in network order, as S3 puts them into base 64. */
export interface Digest {
  update(chunk: Uint8Array): void
  digest(): Buffer
}

export function createDigest(algorithm: ChecksumAlgorithm | 'md5'): Digest {
  switch (algorithm) {
    case 'crc32':
      return new Crc32()
    case 'crc32c':
      return new Crc32c()
    case 'crc64nvme':
      return new Crc64Nvme()
    default:
      return createHash(algorithm)
  }
}

/** The length of a digest in bytes, to tell a malformed value from a wrong one. */
export const digestBytes: Readonly<Record<ChecksumAlgorithm, number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
}

class Crc32 implements Digest {
  #value = 0
  update(chunk: Uint8Array): void {
    this.#value = crc32(chunk, this.#value)
  }
  digest(): Buffer {
    return uint32(this.#value)
  }
}

class Crc32c implements Digest {
  readonly #crc = new TableCrc32c()
  update(chunk: Uint8Array): void {
    this.#crc.update(chunk)
  }
  digest(): Buffer {
    return uint32(this.#crc.digest())
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
