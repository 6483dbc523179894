import { z } from 'zod'
import { jobStatus } from '#shared/jobs/record.ts'
import { listPresets } from '#shared/presets/catalogue.ts'
import { beginUpload } from './operations/begin-upload.ts'
import { cancelJob } from './operations/cancel-job.ts'
import { checkMovieJob } from './operations/check-movie-job.ts'
import { completeChunks } from './operations/complete-chunks.ts'
import type { OperationContext } from './operations/context.ts'
import { deleteJob } from './operations/delete-job.ts'
import { deleteUpload } from './operations/delete-upload.ts'
import { getJob } from './operations/get-job.ts'
import { listFiles } from './operations/list-files.ts'
import { listJobs } from './operations/list-jobs.ts'
import { locateFile } from './operations/locate-file.ts'
import { openFile } from './operations/open-file.ts'
import { receiveMovie } from './operations/receive-movie.ts'
import { retryJob } from './operations/retry-job.ts'
import { submitJob } from './operations/submit-job.ts'
import { submitMovie } from './operations/submit-movie.ts'
import { writeChunk } from './operations/write-chunk.ts'
import { parseCreateJob } from './shapes/create-job.ts'
import { createUpload, parseCreateUpload } from './shapes/create-upload.ts'
import { parseStrict } from './shapes/parse-strict.ts'
import type { Call, SoapOperations } from './soap/soap-operations.ts'

const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters without spaces')
  .optional()
const jobId = z.string().regex(/^[A-Za-z0-9_]{1,64}$/)
const uploadId = jobId
const wholeNumber = z.int().min(0)
const announced = z.strictObject({
  sizeBytes: createUpload.shape.sizeBytes,
  sha256: createUpload.shape.sha256,
})

/** The operations as the SOAP room calls them: the same that REST calls, with the same strictness. */
export function bindSoap(context: OperationContext): SoapOperations {
  const ofJob = (call: Call) => parseStrict(z.strictObject({ jobId }), call.request).jobId
  const ofFile = z.strictObject({ jobId, output: z.string(), path: z.string() })
  return {
    async UploadMovie({ caller, request, content, signal }) {
      const { presets, reference, metadata, notify, idempotencyKey: key, ...about } = request
      const idempotency = parseStrict(idempotencyKey, key)
      const outputs = Array.isArray(presets) ? presets.map((preset) => ({ preset })) : presets
      const wishes = { outputs, reference, metadata, notify }
      await checkMovieJob(context, caller, defined(wishes), idempotency)
      const upload = await receiveMovie(context, caller, parseCreateUpload(defined(about)), {
        body: content,
        takesChunks: true,
        signal,
      })
      return submitMovie(context, caller, upload, defined(wishes), idempotency)
    },
    async BeginUpload({ caller, request }) {
      const { idempotencyKey: key, ...about } = request
      return beginUpload(context, caller, parseCreateUpload(defined(about)), parseStrict(idempotencyKey, key))
    },
    async UploadChunk({ caller, request, content, signal }) {
      const { uploadId: id, offset } = parseStrict(z.strictObject({ uploadId, offset: wholeNumber }), request)
      return writeChunk(context, caller, id, { offset, body: content, signal })
    },
    async CompleteUpload({ caller, request }) {
      const { uploadId: id, ...rest } = parseStrict(announced.extend({ uploadId }), defined(request))
      return completeChunks(context, caller, id, present(rest))
    },
    async AbortUpload({ caller, request }) {
      await deleteUpload(context, caller, parseStrict(z.strictObject({ uploadId }), request).uploadId)
      return true
    },
    async SubmitJob({ caller, request }) {
      const { idempotencyKey: key, ...wishes } = request
      const idempotency = parseStrict(idempotencyKey, key)
      return submitJob(
        context,
        caller,
        parseCreateJob(defined(wishes)),
        idempotency === undefined ? undefined : { key: idempotency },
      )
    },
    async GetJob(call) {
      return (await getJob(context, call.caller, ofJob(call))).job
    },
    async ListJobs({ caller, request }) {
      const query = parseStrict(jobQuery, defined(request))
      return listJobs(context, caller, present(query))
    },
    async CancelJob(call) {
      return cancelJob(context, call.caller, ofJob(call))
    },
    async RetryJob({ caller, request }) {
      const wish = parseStrict(z.strictObject({ jobId, idempotencyKey }), defined(request))
      return retryJob(context, caller, wish.jobId, wish.idempotencyKey)
    },
    async DeleteJob(call) {
      await deleteJob(context, call.caller, ofJob(call))
      return true
    },
    async ListPresets() {
      return listPresets()
    },
    async ListFiles({ caller, request }) {
      const asked = parseStrict(z.strictObject({ jobId, output: z.string().optional() }), defined(request))
      return listFiles(context, caller, asked.jobId, asked.output)
    },
    async GetFileUrl({ caller, request }) {
      return locateFile(context, caller, parseStrict(ofFile, request))
    },
    async FetchFile({ caller, request, signal }) {
      const part = ofFile.extend({ offset: wholeNumber.optional(), length: wholeNumber.optional() })
      const { offset, length, ...where } = parseStrict(part, defined(request))
      return openFile(context, caller, where, { ...present({ offset, length }), signal })
    },
  }
}

const jobQuery = z.strictObject({
  status: jobStatus.optional(),
  reference: z.string().min(1).max(255).optional(),
  limit: z.int().min(1).max(200).optional(),
  cursor: z.string().min(1).max(512).optional(),
})

const defined = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

const present = <T extends object>(fields: T) =>
  defined(fields as Record<string, unknown>) as { [K in keyof T]?: Exclude<T[K], undefined> }
