import type { DemoFile, DemoJob } from '../demo-job.ts'

/** One way into the service. The demo sends each movie through both. */
export interface Door<SeenJob extends DemoJob = DemoJob> {
  readonly name: 'REST' | 'SOAP'
  /**
   * Sends a movie and has it encoded; resolves with the job's id when the job is accepted. `sent` is told the bytes so
   * far.
   */
  submit(file: string, presets: readonly string[], sent: (bytes: number) => void): Promise<string>
  /** Resolves with the job when it has ended, having told `seen` how it went on. */
  follow(jobId: string, seen: (job: DemoJob) => void): Promise<SeenJob>
  /** Fetches a file of an output to `destination`. */
  fetchFile(jobId: string, output: string, file: DemoFile, destination: string): Promise<void>
}
