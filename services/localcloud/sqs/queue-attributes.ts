import { z } from 'zod'
import { SqsError } from './sqs-error.ts'

const whole = (least: number, most: number) =>
  z.coerce.number(`must be a whole number`).int().min(least).max(most)

const redrivePolicy = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text)
    } catch {
      context.addIssue('must be JSON')
      return z.NEVER
    }
  })
  .pipe(z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: whole(1, 1000) }))

/** The attributes that can be set, with SQS's bounds and defaults. Seconds and bytes, as their names say in SQS. */
const settable = z.object({
  DelaySeconds: whole(0, 900).default(0),
  MaximumMessageSize: whole(1024, 1_048_576).default(1_048_576),
  MessageRetentionPeriod: whole(60, 1_209_600).default(345_600),
  ReceiveMessageWaitTimeSeconds: whole(0, 20).default(0),
  VisibilityTimeout: whole(0, 43_200).default(30),
  RedrivePolicy: redrivePolicy.optional(),
})

export type QueueAttributes = z.output<typeof settable>

/** Attributes that SQS has and that mean nothing here; they are accepted so that the same set-up works in both. */
const ignored = [
  'Policy',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'SqsManagedSseEnabled',
  'RedriveAllowPolicy',
]

/** Applies what a client sets to what there is. `''` takes a policy away. Throws `SqsError`. */
export function setAttributes(
  current: QueueAttributes | undefined,
  given: Record<string, string>,
): QueueAttributes {
  const names = Object.keys(given).filter((name) => !ignored.includes(name))
  const unknown = names.find((name) => !Object.hasOwn(settable.shape, name))
  if (unknown !== undefined) throw new SqsError('InvalidAttributeName', `Unknown Attribute ${unknown}.`)
  const values: Record<string, unknown> = { ...(current && attributesAsText(current)) }
  for (const name of names) {
    if (given[name] === '') delete values[name]
    else values[name] = given[name]
  }
  const parsed = settable.safeParse(values)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new SqsError(
    'InvalidAttributeValue',
    `Invalid value for the parameter ${issue?.path.join('.')}: ${issue?.message}.`,
  )
}

/** As clients see them: everything is text. */
export function attributesAsText(attributes: QueueAttributes): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'object' ? JSON.stringify(value) : String(value)]],
    ),
  )
}
