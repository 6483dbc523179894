const MOST_LISTED = 40

/**
 * What to say of a name that does not exist: the one that was probably meant, and all that there are. `elsewhere` are
 * places where a field of this very name does exist.
 */
export function unknownName(
  name: string,
  known: readonly string[],
  elsewhere: readonly string[] = [],
): string {
  const near = nearest(name, known)
  const meant = near === undefined ? elsewhere.slice(0, 3) : [near]
  const question = meant.length === 0 ? '' : `. Did you mean ${meant.join(' or ')}?`
  const all =
    known.length === 0
      ? 'nothing may stand here'
      : `there ${known.length === 1 ? 'is' : 'are'} ${known.slice(0, MOST_LISTED).join(', ')}`
  return question === ''
    ? `does not exist; ${all}`
    : `does not exist${question} ${all.charAt(0).toUpperCase()}${all.slice(1)}`
}

/**
 * The known name that `name` was probably meant to be: but for its case and its separators, or a typing error or two.
 */
function nearest(name: string, known: readonly string[]): string | undefined {
  // Longer than any name there is, it is no slip of the hand, and comparing it would only take time.
  if (name.length > 64) return undefined
  const plain = plainly(name)
  const most = Math.floor((plain.length + 1) / 4)
  const ranked = known
    .map((candidate) => ({ candidate, edits: edits(plain, plainly(candidate)) }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits)
  return ranked[0]?.candidate
}

const plainly = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '')

/** How many letters must be put in, left out, replaced or swapped with a neighbour (optimal string alignment). */
function edits(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) least = Math.min(least, (before[j - 2] ?? 0) + 1)
      row.push(least)
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}
