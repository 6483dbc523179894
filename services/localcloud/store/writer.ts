import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { applyWrite } from './apply-write.ts'
import { prepareDatabase } from './schema.ts'
import type { WriteOperation, WriteResult } from './write-operation.ts'
import { prepareWrites } from './write-statements.ts'

// The thread that writes. It gets a batch, commits it with one flush, and answers; meanwhile the next batch
// gathers on the other side (GroupCommit). So a slow disk makes batches larger instead of the queue longer.

/** The answer to one operation: its result, or what SQLite threw. */
export type WriterAnswer = WriteResult | { readonly failed: string; readonly diskFull: boolean }

const port = parentPort
if (!port) throw new Error('writer.ts is a worker thread; GroupCommit starts it')

const database = new DatabaseSync(String(workerData.file))
prepareDatabase(database)
const statements = prepareWrites(database)
port.postMessage('ready')

port.on('message', (operations: readonly WriteOperation[] | 'close') => {
  if (operations === 'close') {
    database.close()
    port.close()
    return
  }
  port.postMessage(commitTogether(operations))
})

function commitTogether(operations: readonly WriteOperation[]): WriterAnswer[] {
  try {
    return transaction(() => operations.map((operation) => applyWrite(statements, operation)))
  } catch (error) {
    // One that cannot be done (too large for what is left of the disk) must not take the others with it.
    if (operations.length > 1) return operations.flatMap((operation) => commitTogether([operation]))
    return [failure(error)]
  }
}

function transaction<T>(work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // SQLite has rolled back by itself after some errors, a full disk among them.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** SQLITE_FULL, and the short write or failed flush that a full disk may look like (SQLITE_IOERR_*). */
function failure(error: unknown): WriterAnswer {
  const { message, errcode = 0 } = error as Error & { errcode?: number }
  const full = (errcode & 0xff) === 13 || [778, 1034, 1546, 4874].includes(errcode)
  return { failed: message, diskFull: full }
}
