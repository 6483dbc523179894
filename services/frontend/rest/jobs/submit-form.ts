import { listPresets } from '#shared/presets/catalogue.ts'
import { checkMovieJob } from '../../operations/check-movie-job.ts'
import type { OperationContext } from '../../operations/context.ts'
import { deleteUpload } from '../../operations/delete-upload.ts'
import { receiveMovie } from '../../operations/receive-movie.ts'
import { submitMovie } from '../../operations/submit-movie.ts'
import { parseCreateUpload } from '../../shapes/create-upload.ts'
import type { Job } from '../../shapes/job.ts'
import type { Upload } from '../../shapes/upload.ts'
import { callerOf, type RestContext } from '../route.ts'
import { FormFields, inWordsOfForm } from './form-fields.ts'
import { readForm } from './read-form.ts'

/**
 * Submits a job whose movie comes in the same request, as multipart/form-data. The movie is streamed into an
 * upload as it arrives; if anything is wrong with the rest, that upload is deleted again.
 */
export async function submitForm(
  context: OperationContext,
  ctx: RestContext,
  idempotencyKey: string | undefined,
): Promise<Job> {
  const caller = callerOf(ctx)
  const fields = new FormFields()
  let upload: Upload | undefined
  try {
    await readForm(context, ctx, {
      field: (name, value) => fields.take(name, value),
      async file(name, fileName, contentType, body) {
        if (!fields.takeFile(name)) return void body.resume()
        fields.check()
        const wishes = fields.wishes()
        // The presets may still come; until then any is as good.
        const [any] = listPresets().map(({ name }) => ({ preset: name }))
        const outputs = wishes.outputs.length > 0 ? wishes.outputs : [any]
        await inWordsOfForm(() => checkMovieJob(context, caller, { ...wishes, outputs }, idempotencyKey))
        const about = { fileName: lineOf(fileName, 255), contentType: lineOf(contentType, 127) }
        upload = await receiveMovie(context, caller, parseCreateUpload(about), { body })
      },
    })
    fields.check()
    if (!upload || fields.presets.length === 0) throw fields.missing()
  } catch (error) {
    if (upload) await deleteUpload(context, caller, upload.id)
    throw error
  }
  const filled = upload
  return inWordsOfForm(() => submitMovie(context, caller, filled, fields.wishes(), idempotencyKey))
}

/** What a part's header says, as far as it can be kept: browsers send what the file is called, whatever that is. */
function lineOf(text: string | undefined, most: number): string | null {
  return (
    text
      ?.toWellFormed()
      .replace(/\p{Cc}/gu, '_')
      .slice(-most) || null
  )
}
