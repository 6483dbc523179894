import { z } from 'zod'

/** Text of bounded length on one line: control characters would garble logs, headers and file names. */
export const lineOfText = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not hold control characters')
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')

/** The client's own notes: up to 50, kept and given back as they are. */
export const metadata = z
  .record(
    z.string().regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'keys are 1 to 64 of A-Z a-z 0-9 _ . : -'),
    z.string().max(1024),
  )
  .refine((map) => Object.keys(map).length <= 50, 'holds at most 50 entries')
  .describe("The client's own notes, kept and given back as they are. At most 50 entries of 1024 characters")

export const time = z.iso.datetime()

export const idOf = (prefix: string) =>
  z
    .string()
    .regex(
      new RegExp(`^${prefix}_[A-Za-z0-9_]{1,59}$`),
      `must be an id such as ${prefix}_01KDQ3XJ5V0000000000000000`,
    )
