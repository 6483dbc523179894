import { z } from 'zod'
import type { Bell } from '#shared/queue/bell-queue.ts'

const bellSchema = z.object({ version: z.literal(1), jobId: z.string().min(1), task: z.string().min(1) })

/** The bell in a message's body; `undefined` when it is none. Fields of a later release are left out. */
export function parseBell(body: string): Bell | undefined {
  try {
    return bellSchema.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}
