import type { Job } from '../../services/frontend/shapes/job.ts'

type Output = Job['outputs'][number]

/** What the demo looks at in a job: the same whether REST or SOAP told it, in REST's spelling. */
export interface DemoJob
  extends Pick<
    Job,
    'id' | 'status' | 'phase' | 'progress' | 'etaSec' | 'realtimeFactor' | 'waitingFor' | 'endedAt'
  > {
  readonly error?: { readonly message: string } | undefined
  readonly outputs: readonly DemoOutput[]
  readonly receipt?: Steps | undefined
}

export interface DemoOutput extends Pick<Output, 'name' | 'kind'> {
  readonly streams?: readonly { readonly codec?: string | undefined }[] | undefined
  readonly files: readonly DemoFile[]
}

export type DemoFile = Pick<Output['files'][number], 'path' | 'url' | 'sizeBytes' | 'sha256'>

/** Seconds of a job's steps. */
export type Steps = Pick<
  NonNullable<Job['receipt']>,
  'queueSec' | 'fetchSec' | 'encodeSec' | 'verifySec' | 'uploadSec'
>
