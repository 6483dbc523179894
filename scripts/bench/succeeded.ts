import type { Job } from '../../services/frontend/shapes/job.ts'

/** The job, which must have succeeded; throws its own reason otherwise. */
export function succeeded(job: Job): Job {
  if (job.status === 'succeeded') return job
  throw new Error(`the job ${job.id} is ${job.status}: ${job.error?.message ?? 'no reason given'}`)
}
