import { z } from 'zod'

/** RFC 9457, with Reelmill's fields. */
export const problem = z
  .object({
    type: z.string().describe('A page that explains the code'),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional().describe('A sentence about this very request that says what to do next'),
    instance: z.string().optional(),
    code: z.string().describe('Stable; see /errors'),
    retry: z.string().describe('never | same | later | changed: whether trying again can help'),
    retryAfterSec: z.int().optional(),
    requestId: z.string().describe('Under this the server logged the request'),
    errors: z
      .array(
        z
          .object({
            pointer: z.string().describe("A JSON pointer into the body, or a parameter's name"),
            code: z.string(),
            message: z.string(),
          })
          .meta({ id: 'FieldError' }),
      )
      .optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.output<typeof problem>
