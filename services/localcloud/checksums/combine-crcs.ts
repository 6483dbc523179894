/** Reflected polynomials. */
const polynomials: Readonly<Record<string, { readonly polynomial: bigint; readonly width: number }>> = {
  crc32: { polynomial: 0xedb88320n, width: 32 },
  crc32c: { polynomial: 0x82f63b78n, width: 32 },
  crc64nvme: { polynomial: 0x9a6c9329ac4bc9b5n, width: 64 },
}

/** Whether the checksum of a whole can be computed from those of its parts. */
export const canCombine = (algorithm: string): boolean => Object.hasOwn(polynomials, algorithm)

/**
 * The CRC of parts laid end to end, from their own CRCs and lengths, without their bytes: appending zeros to a
 * message is a linear map of its CRC, and a map for n bytes is the map for one bit squared and multiplied, as in
 * zlib's crc32_combine. Values are base 64.
 */
export function combineCrcs(
  algorithm: string,
  parts: readonly { readonly value: string; readonly bytes: number }[],
): string {
  const { polynomial, width } = polynomials[algorithm] ?? { polynomial: 0n, width: 0 }
  const oneBit: Matrix = Array.from({ length: width }, (_, bit) =>
    bit === 0 ? polynomial : 1n << BigInt(bit - 1),
  )
  const maps = new Map<number, Matrix>() // nearly all parts of an upload are of one size
  let crc = 0n
  for (const { value, bytes } of parts) {
    const map = maps.get(bytes) ?? power(oneBit, bytes * 8)
    maps.set(bytes, map)
    crc = times(map, crc) ^ BigInt(`0x${Buffer.from(value, 'base64').toString('hex')}`)
  }
  return Buffer.from(crc.toString(16).padStart(width / 4, '0'), 'hex').toString('base64')
}

/** Column n is what the map makes of bit n. */
type Matrix = readonly bigint[]

function times(matrix: Matrix, vector: bigint): bigint {
  let sum = 0n
  for (let rest = vector, bit = 0; rest !== 0n; rest >>= 1n, bit++) {
    if (rest & 1n) sum ^= matrix[bit] ?? 0n
  }
  return sum
}

function power(matrix: Matrix, exponent: number): Matrix {
  let result: Matrix = matrix.map((_, bit) => 1n << BigInt(bit))
  let square = matrix
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result.map((column) => times(square, column))
    square = square.map((column) => times(square, column))
  }
  return result
}
