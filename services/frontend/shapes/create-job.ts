import { z } from 'zod'
import { reservedSettings, reservedValues } from '#shared/presets/reserved-settings.ts'
import { settings } from '#shared/presets/settings.ts'
import { parseStrict, type Reserved } from './parse-strict.ts'
import { idOf, lineOfText, metadata } from './text.ts'

const source = z
  .strictObject({
    uploadId: idOf('upl').optional().describe('An upload of yours that is ready'),
    url: z
      .string()
      .max(2048)
      .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/[^\n\r]+$/, 'must be s3://bucket/key')
      .optional()
      .describe('s3://bucket/key, under a prefix that an administrator granted to the tenant'),
  })
  .refine(
    (s) => (s.uploadId === undefined) !== (s.url === undefined),
    'needs either uploadId or url, and not both',
  )
  .meta({ id: 'Source' })

const input = z
  .strictObject({
    source: source.describe('Where the movie lies: {"uploadId": ...} or {"url": "s3://..."}'),
  })
  .meta({ id: 'Input' })

const outputRequest = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ -')
      .optional()
      .describe("Unique within the job; part of its files' URLs. Default: the preset's name"),
    kind: z
      .enum(['file', 'stills'])
      .optional()
      .describe("What comes out. Default, and checked against: the preset's kind"),
    preset: z.string().min(1).max(128).describe('Name or name@version; GET /v1/presets lists them'),
    overrides: settings.optional().describe("What differs from the preset, within the preset's bounds"),
  })
  .meta({ id: 'OutputRequest' })
export type OutputRequest = z.output<typeof outputRequest>

/** What can be told about: the end of a job in each of its three ways. */
export const notifyEvents = ['job.succeeded', 'job.failed', 'job.canceled'] as const

const notify = z
  .strictObject({
    kind: z.enum(['webhook']).describe('By which way to tell: webhook'),
    url: z.string().max(2048).describe('An http(s) URL at a public address'),
    events: z.array(z.enum(notifyEvents)).max(10).optional().describe('Default: all'),
  })
  .meta({ id: 'Notify' })
export type NotifyRequest = z.output<typeof notify>

/** What a client sends to have a movie encoded. */
export const createJob = z
  .strictObject({
    inputs: z
      .array(input)
      .min(1)
      .max(1)
      .describe('The movie, one in this version, such as [{"source": {"uploadId": "upl_..."}}]'),
    outputs: z
      .array(outputRequest)
      .min(1)
      .max(20)
      .describe('What is to come out, 1 to 20, such as [{"preset": "web-720p"}]'),
    reference: lineOfText(255).optional().describe("The client's own id for this; jobs can be listed by it"),
    metadata: metadata.optional(),
    notify: z.array(notify).max(5).optional(),
  })
  .meta({ id: 'CreateJob' })
export type CreateJob = z.output<typeof createJob>

// Where people look first for what a later version will do: these stand deeper in the API, or under another name.
const features = ['captions', 'drm', 'encryption', 'ladder', 'overlays', 'packaging', 'sprite']

const inOverrides = (names: readonly string[]) => names.map((name) => `outputs[].overrides.${name}`)

/** What is reserved for later versions in a request for a job. */
export const reservedInJobs: Reserved = {
  fields: [
    ...features.flatMap((name) => [name, `outputs[].${name}`]),
    ...['tags', 'destination', 'schedule', 'template', 'chapters', 'onOutputFailure', 'retention'],
    ...['engineVersion', 'estimateId'],
    ...[
      'id',
      'role',
      'clips',
      'tracks',
      'language',
      'label',
      'offsetSec',
      'crop',
      'assume',
      'decryption',
    ].map((name) => `inputs[].${name}`),
    ...['versionId', 'etag', 'connection'].map((name) => `inputs[].source.${name}`),
    ...['settings', 'optional', 'path', 'clip', 'destination'].map((name) => `outputs[].${name}`),
    'notify[].progressEverySec',
    ...inOverrides([...reservedSettings, 'drm']),
  ],
  values: {
    'outputs[].kind': ['adaptive', 'sprite', 'captions'],
    'notify[].kind': ['sns', 'sqs'],
    'notify[].events[]': ['job.running', 'job.delivered', 'output.ready'],
    ...Object.fromEntries(
      Object.entries(reservedValues).map(([field, values]) => [`outputs[].overrides.${field}`, values]),
    ),
  },
}

/** Reads a request for a job. Throws as {@link parseStrict}. */
export const parseCreateJob = (body: unknown): CreateJob => parseStrict(createJob, body, reservedInJobs)
