import type { Scope } from '#shared/tenants/key-record.ts'
import { binary, bool, type Field, int, listOf, long, map, one, required, text, texts } from './field.ts'

/** Elements, types and messages are in it. Anything but growth at the end of a sequence is a new one. */
export const NAMESPACE = 'urn:reelmill:v1'

/** One operation: document/literal wrapped, its request any number of elements, its response exactly one. */
export interface Operation {
  readonly name: OperationName
  readonly doc: string
  /** What the caller's key must be allowed to do; the same as for the REST route. */
  readonly scope: Scope
  /**
   * A binary field, if any, is the last: everything else is known before the movie arrives. New fields come before it.
   */
  readonly request: readonly Field[]
  /** One element: a second would become an out parameter in generated code. Its name is in no request. */
  readonly response: Field
}

export type OperationName =
  | 'UploadMovie'
  | 'BeginUpload'
  | 'UploadChunk'
  | 'CompleteUpload'
  | 'AbortUpload'
  | 'SubmitJob'
  | 'GetJob'
  | 'ListJobs'
  | 'CancelJob'
  | 'RetryJob'
  | 'DeleteJob'
  | 'ListPresets'
  | 'ListFiles'
  | 'GetFileUrl'
  | 'FetchFile'

const idempotencyKey = text(
  'idempotencyKey',
  'Names this request for 24 hours: sent again with the same key it is not done again',
)
const jobId = required(text('jobId'))
const uploadId = required(text('uploadId'))
const about = [
  text('reference', "The client's own id for the job; jobs can be listed by it"),
  map('metadata', "The client's own notes, given back as they are"),
  listOf('notify', 'Notify', 'Whom to tell when the job ends'),
]
const job = required(one('job', 'Job'))
const upload = required(one('upload', 'Upload'))
const file = [jobId, required(text('output', "The output's name")), required(text('path', "The file's path"))]

export const operations: readonly Operation[] = [
  {
    name: 'UploadMovie',
    doc: 'Uploads a movie and has it encoded, in one call. The movie is streamed: it may be of any size.',
    scope: 'submit',
    request: [
      text('fileName'),
      text('contentType'),
      long('sizeBytes', 'If given, what arrives must be exactly so long'),
      text('sha256', 'If given, the SHA-256 of what arrives must be this, in lower-case hexadecimal'),
      required(texts('presets', 'name or name@version, one for each output; ListPresets lists them')),
      ...about,
      idempotencyKey,
      required(binary('content', 'The movie, as MTOM or base64. Always the last element')),
    ],
    response: job,
  },
  {
    name: 'BeginUpload',
    doc: 'Begins an upload in chunks.',
    scope: 'submit',
    request: [
      text('fileName'),
      text('contentType'),
      long('sizeBytes', 'If given, the chunks must add up to it'),
      text('sha256', 'If given, the SHA-256 of all chunks together must be this'),
      map('metadata'),
      idempotencyKey,
    ],
    response: upload,
  },
  {
    name: 'UploadChunk',
    doc: 'Adds a chunk of any size. Chunks come in order; one that is sent again changes nothing.',
    scope: 'submit',
    request: [
      uploadId,
      required(long('offset', "The chunk's first byte; a fault says which one is expected")),
      required(binary('data', 'The chunk, as MTOM or base64. Always the last element')),
    ],
    response: upload,
  },
  {
    name: 'CompleteUpload',
    doc: 'Ends an upload in chunks; from then on jobs can use it.',
    scope: 'submit',
    request: [
      uploadId,
      long('sizeBytes', 'If given, it is checked'),
      text('sha256', 'If given, it is checked; in lower-case hexadecimal'),
    ],
    response: upload,
  },
  {
    name: 'AbortUpload',
    doc: 'Deletes an upload and its content.',
    scope: 'submit',
    request: [uploadId],
    response: required(bool('aborted', 'Always true')),
  },
  {
    name: 'SubmitJob',
    doc: 'Has a movie encoded that was uploaded before, or that lies in S3.',
    scope: 'submit',
    request: [
      required(listOf('inputs', 'Input', 'Exactly one in this version')),
      required(listOf('outputs', 'OutputRequest')),
      ...about,
      idempotencyKey,
    ],
    response: job,
  },
  {
    name: 'GetJob',
    doc: 'The job as it stands.',
    scope: 'read',
    request: [jobId],
    response: job,
  },
  {
    name: 'ListJobs',
    doc: 'A page of jobs, newest first.',
    scope: 'read',
    request: [
      text('status', 'queued, running, succeeded, failed or canceled'),
      text('reference'),
      int('limit', '1 to 200; default 50'),
      text('cursor', "The last page's NextCursor"),
    ],
    response: required(one('jobs', 'JobPage')),
  },
  {
    name: 'CancelJob',
    doc: 'Cancels a queued job at once, a running one within seconds; an ended one stays as it is.',
    scope: 'submit',
    request: [jobId],
    response: job,
  },
  {
    name: 'RetryJob',
    doc: 'Submits an ended job again, as a new job with RetryOf.',
    scope: 'submit',
    request: [jobId, idempotencyKey],
    response: job,
  },
  {
    name: 'DeleteJob',
    doc: 'Deletes an ended job and its outputs.',
    scope: 'submit',
    request: [jobId],
    response: required(bool('deleted', 'Always true')),
  },
  {
    name: 'ListPresets',
    doc: 'All presets with all their versions.',
    scope: 'read',
    request: [],
    response: required(listOf('presets', 'Preset')),
  },
  {
    name: 'ListFiles',
    doc: 'The principal files of a job, at most 100 for each output.',
    scope: 'read',
    request: [jobId, text('output', 'Only the files of this output')],
    response: required(listOf('files', 'OutputFile')),
  },
  {
    name: 'GetFileUrl',
    doc: 'A URL from which a file can be fetched without a key, for a short time.',
    scope: 'read',
    request: file,
    response: required(one('fileUrl', 'FileUrl')),
  },
  {
    name: 'FetchFile',
    doc: 'The bytes of a file, streamed: as MTOM to a request in MTOM, else as base64.',
    scope: 'read',
    request: [...file, long('offset', 'Default 0'), long('length', 'Default: to the end')],
    response: required(binary('content')),
  },
]

const byName = new Map<string, Operation>(operations.map((operation) => [operation.name, operation]))

/** The operation whose request element has this name. */
export const findOperation = (name: string): Operation | undefined => byName.get(name)

/** The element that carries the movie's bytes in a request of this operation. */
export const binaryFieldOf = (operation: Operation): Field | undefined =>
  operation.request.find(({ type }) => type.kind === 'simple' && type.xsd === 'base64Binary')
