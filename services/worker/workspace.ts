import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { ReelmillError } from '#shared/errors.ts'

/** A folder for one attempt, with a quota. */
export class Workspace {
  readonly dir: string
  /** The most that the attempt may put on disk, in bytes. */
  readonly quotaBytes: number

  private constructor(dir: string, quotaBytes: number) {
    this.dir = dir
    this.quotaBytes = quotaBytes
  }

  static async open(root: string, quotaBytes: number): Promise<Workspace> {
    await mkdir(root, { recursive: true })
    return new Workspace(await mkdtemp(path.join(root, 'attempt-')), quotaBytes)
  }

  get inputDir(): string {
    return path.join(this.dir, 'input')
  }

  get outputDir(): string {
    return path.join(this.dir, 'output')
  }

  /**
   * Throws `input-too-large` when `sizeBytes` would not fit the quota, and `disk-full` when the disk itself has
   * no room for it now: better before hours of work than after.
   */
  async makeRoom(sizeBytes: number): Promise<void> {
    if (sizeBytes > this.quotaBytes) {
      throw new ReelmillError(
        'input-too-large',
        `The input has ${sizeBytes} bytes and a worker may use ${this.quotaBytes}. Send a smaller one, or raise REELMILL_WORKSPACE_QUOTA.`,
        { facts: { sizeBytes, quotaBytes: this.quotaBytes } },
      )
    }
    const { bavail, bsize } = await statfs(this.dir)
    if (sizeBytes > bavail * bsize) {
      throw new ReelmillError(
        'disk-full',
        `The worker has ${bavail * bsize} bytes of disk left and the input needs ${sizeBytes}. Free or add disk space.`,
        { facts: { sizeBytes, availableBytes: bavail * bsize } },
      )
    }
    await mkdir(this.inputDir, { recursive: true })
    await mkdir(this.outputDir, { recursive: true })
  }

  /** With everything in it. */
  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true })
  }
}
