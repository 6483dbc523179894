import { z } from 'zod'
import { type FieldError, ReelmillError } from '#shared/errors.ts'
import { reservedInJobs } from '../../shapes/create-job.ts'
import { pointerOf, requestError, strangeField } from '../../shapes/parse-strict.ts'
import { parseJson } from '../read-json.ts'

/** The fields of a form that submits a job together with its movie, for the documentation. */
export const jobForm = z
  .strictObject({
    preset: z.array(z.string()).min(1).describe('name or name@version; once for each output'),
    file: z
      .string()
      .meta({ format: 'binary', description: 'The movie. Last, so that the rest is checked first' }),
    reference: z.string().optional(),
    metadata: z.string().optional().describe('A JSON object'),
    notify: z.array(z.string()).optional().describe('URLs of webhooks'),
  })
  .meta({ id: 'JobForm' })

/** What a form has said so far, and what is wrong with it. */
export class FormFields {
  readonly presets: string[] = []
  readonly #notify: string[] = []
  readonly #errors: FieldError[] = []
  #hasMovie = false
  #reference: string | undefined
  #metadata: unknown

  /** Takes a field of text. */
  take(name: string, value: string): void {
    switch (name) {
      case 'preset':
        this.#takePreset(value)
        return
      case 'notify':
        this.#notify.push(value)
        return
      case 'reference':
        if (this.#reference !== undefined) this.#refuse(name, 'comes twice; say it once')
        this.#reference = value
        return
      case 'metadata':
        if (this.#metadata !== undefined) this.#refuse(name, 'comes twice; say it once')
        this.#metadata = parseJson(Buffer.from(value), name)
        return
      case 'file':
        this.#refuse(name, 'is text and no file; with curl, @ goes before its name: -F file=@movie.mov')
        return
      default:
        this.#errors.push(strangeField(jobForm, [name], reservedInJobs))
    }
  }

  /** Takes a file's part; false when it is not the movie. Throws `invalid-request` for a second movie. */
  takeFile(name: string): boolean {
    if (name !== 'file') {
      this.#refuse(name, 'is a file; the movie goes into the part called file', 'unknown-field')
      return false
    }
    // Noted at once, since the next part may come while the upload of the first is only being made.
    if (this.#hasMovie) throw requestError([refusal(name, 'comes twice; a job has one movie')])
    this.#hasMovie = true
    return true
  }

  /** Throws when anything that came is wrong. */
  check(): void {
    if (this.#errors.length > 0) throw requestError(this.#errors)
  }

  /** What to say when the form is over and lacks something. */
  missing(): ReelmillError {
    const preset = 'is missing: once for each output, such as -F preset=web-720p; GET /v1/presets lists them'
    const file = 'is missing: send the movie in a part of this name, such as -F file=@movie.mov'
    return requestError([
      ...(this.presets.length === 0 ? [refusal('preset', preset)] : []),
      ...(this.#hasMovie ? [] : [refusal('file', file)]),
    ])
  }

  /** A CreateJob without its inputs. */
  wishes() {
    return {
      outputs: this.presets.map((preset) => ({ preset })),
      notify: this.#notify.map((url) => ({ kind: 'webhook', url })),
      ...(this.#reference !== undefined && { reference: this.#reference }),
      ...(this.#metadata !== undefined && { metadata: this.#metadata }),
    }
  }

  #takePreset(value: string): void {
    const name = (preset: string) => preset.split('@')[0]
    if (!this.presets.some((other) => name(other) === name(value))) {
      this.presets.push(value)
      return
    }
    const message = `${name(value)} comes twice, and a form cannot name outputs; to make it twice, submit JSON`
    this.#refuse('preset', message)
  }

  #refuse(name: string, message: string, code: FieldError['code'] = 'invalid-request'): void {
    this.#errors.push(refusal(name, message, code))
  }
}

/** What `work` finds wrong with a CreateJob, told of the form's own fields: a form has no outputs, only presets. */
export async function inWordsOfForm<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ReelmillError) || error.errors.length === 0) throw error
    throw requestError(error.errors.map((each) => ({ ...each, pointer: formField(each.pointer) })))
  }
}

const formField = (pointer: string): string =>
  pointer.replace(/^\/outputs(\/.*)?$/, '/preset').replace(/^\/notify\/.*$/, '/notify')

const refusal = (
  name: string,
  message: string,
  code: FieldError['code'] = 'invalid-request',
): FieldError => ({
  pointer: pointerOf([name]),
  code,
  message,
})
