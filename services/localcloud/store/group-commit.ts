import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { S3Error } from '../s3/s3-error.ts'
import type { WriteOperation, WriteResult } from './write-operation.ts'
import type { WriterAnswer } from './writer.ts'

interface Pending {
  readonly operation: WriteOperation
  readonly resolve: (result: WriteResult) => void
  readonly reject: (error: Error) => void
}

/** More would keep the first of them waiting for the work of the last. */
const MOST_AT_ONCE = 256

/**
 * Writes that share a flush. One batch is at the writer's thread at a time; what arrives meanwhile is the next
 * batch. States: open -> closed. When the thread dies, every write under way and every later one fails.
 */
export class GroupCommit {
  readonly #worker: Worker
  readonly #waiting: Pending[] = []
  #underWay: Pending[] = []
  #dead: Error | undefined
  #closing = false
  readonly #exited: Promise<unknown>

  private constructor(worker: Worker) {
    this.#worker = worker
    this.#exited = once(worker, 'exit').catch(() => undefined) // an error is heard below
    worker.on('message', (answers: WriterAnswer[]) => this.#settle(answers))
    worker.on('error', (error) => this.#die(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', () => this.#die(new Error('the store is closed')))
  }

  /** Opens or creates the database `file`. Throws when it cannot be read or written. */
  static async open(file: string): Promise<GroupCommit> {
    const worker = new Worker(new URL('./writer.ts', import.meta.url), { workerData: { file } })
    await once(worker, 'message') // 'ready', or `once` rejects with the thread's error
    return new GroupCommit(worker)
  }

  /** Resolves when the operation is on the disk, or refused. Throws `InsufficientStorage` when the disk is full. */
  write(operation: WriteOperation): Promise<WriteResult> {
    if (this.#dead) return Promise.reject(this.#dead)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operation, resolve, reject })
      // At once, even alone: while the thread flushes it, the sockets bring the next batch. Waiting for what arrives in
      // this turn of the loop put all clients into one batch, and then thread and loop only ever waited for each other.
      this.#send()
    })
  }

  /** Waits for the writes under way, then closes the database. */
  async close(): Promise<void> {
    this.#dead ??= new Error('the store is closed')
    this.#closing = true
    if (this.#underWay.length === 0) this.#worker.postMessage('close')
    await this.#exited
  }

  #send(): void {
    if (this.#underWay.length > 0 || this.#waiting.length === 0) return
    this.#underWay = this.#waiting.splice(0, MOST_AT_ONCE)
    this.#worker.postMessage(this.#underWay.map((pending) => pending.operation))
  }

  #settle(answers: readonly WriterAnswer[]): void {
    const settled = this.#underWay
    this.#underWay = []
    this.#send()
    if (this.#closing && this.#underWay.length === 0) this.#worker.postMessage('close')
    for (const [index, pending] of settled.entries()) {
      const answer = answers[index]
      if (answer === undefined) pending.reject(new Error('the writer gave no answer'))
      else if (!('failed' in answer)) pending.resolve(answer)
      else pending.reject(answer.diskFull ? new S3Error('InsufficientStorage') : new Error(answer.failed))
    }
  }

  #die(error: Error): void {
    this.#dead ??= error
    for (const pending of [...this.#underWay, ...this.#waiting.splice(0)]) pending.reject(this.#dead)
    this.#underWay = []
  }
}
