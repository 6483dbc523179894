import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { FleetRecord } from '#shared/fleet/fleet-record.ts'
import { FLEET_KEY, jobKey, parseJobHint, uploadKey, WORKERS_PREFIX } from '#shared/jobs/keys.ts'
import { type JobRecord, parseJob } from '#shared/jobs/record.ts'
import { parseUpload } from '#shared/jobs/upload-record.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import { isFinal, type WorkerRecord } from '#shared/workers/worker-record.ts'
import { FLEET, machinesFolder } from '../../scripts/stack/service-environments.ts'
import { isAlive, processesAbout } from './process-table.ts'
import { seenBy } from './small-disk.ts'
import { type ServiceName, type TestStack, workspaceOf } from './test-stack.ts'

const services: readonly ServiceName[] = [
  'localcloud',
  'frontend',
  'master',
  'second-master',
  'worker',
  'other-worker',
]

/**
 * Waits until what the jobs of this stack needed is gone, and fails with a list of what stays: processes that no
 * record knows, leases, hints of open jobs, unfinished multipart uploads, objects that no record names, folders of
 * attempts. Call it when every job has ended.
 */
export async function nothingIsLeft(stack: TestStack, withinMs = 15_000): Promise<void> {
  let left: readonly string[] = []
  await stack
    .until(
      'nothing is left',
      async () => {
        left = await leftovers(stack)
        return left.length === 0
      },
      withinMs,
    )
    .catch((error: unknown) => {
      if (left.length === 0) throw error
    })
  assert.deepEqual(left, [], `left after ${withinMs} ms`)
}

async function leftovers(stack: TestStack): Promise<readonly string[]> {
  const workers = await liveWorkers(stack)
  return [
    ...(await strayProcesses(stack, workers)),
    ...(await strayWorkers(stack, workers)),
    ...(await strayHints(stack.stores.store)),
    ...(await strayMedia(stack)),
    ...(await strayFolders(stack, workers)),
  ]
}

async function liveWorkers({ stores }: TestStack): Promise<readonly WorkerRecord[]> {
  const found = await Promise.all(
    (await allKeys(stores.store, WORKERS_PREFIX)).map((key) => stores.store.get<WorkerRecord>(key)),
  )
  return found.flatMap((worker) => (worker && !isFinal(worker.value) ? [worker.value] : []))
}

async function strayProcesses(stack: TestStack, workers: readonly WorkerRecord[]): Promise<string[]> {
  const known = new Set([...services.map((name) => stack.find(name)?.pid), ...workers.map(({ pid }) => pid)])
  const strays = (await processesAbout(stack.dataFolder)).filter(({ pid }) => !known.has(pid))
  return strays.map(({ pid, command }) => `process ${pid}: ${command.slice(0, 200)}`)
}

/** Workers that work on something, that are dead, or whose machine is not in the fleet's record. */
async function strayWorkers({ stores }: TestStack, workers: readonly WorkerRecord[]): Promise<string[]> {
  const fleet = await stores.store.get<FleetRecord>(FLEET_KEY)
  const strays: string[] = []
  for (const worker of workers) {
    // The record of a static worker that is dead is closed after an hour; its lease counts for nothing by then.
    if (worker.static && !(await isAlive(worker.pid))) continue
    if (worker.leaseId !== undefined) strays.push(`lease of ${worker.id} on ${worker.job}`)
    if (!(await isAlive(worker.pid))) strays.push(`record of ${worker.id}, which is dead`)
    if (!worker.static && !fleet?.value.intents[worker.id])
      strays.push(`worker ${worker.id} without an intent`)
  }
  return strays
}

/** Places of open jobs, and places in lists whose record is not there. */
async function strayHints(store: StateStore): Promise<string[]> {
  const strays: string[] = []
  for (const key of await allKeys(store, 'x/')) {
    const jobId = parseJobHint(key)?.jobId
    if (key.startsWith('x/open/')) strays.push(`hint ${key}`)
    else if (jobId !== undefined && !(await store.get(jobKey(jobId))))
      strays.push(`hint ${key} without a job`)
  }
  return strays
}

/** Objects that are neither the content of an upload nor part of a published result, and parts of unfinished ones. */
async function strayMedia({ stores }: TestStack): Promise<string[]> {
  const strays: string[] = []
  for await (const { key } of stores.media.listMultiparts('')) strays.push(`multipart upload of ${key}`)
  for await (const { key } of stores.media.list('')) {
    const [kind, , id = '', task, fence] = key.split('/')
    if (kind === 'in') {
      const found = await stores.store.get(uploadKey(id))
      const upload = found && parseUpload(found)
      if (upload?.kind !== 'upload' || upload.key !== key) strays.push(`object ${key}`)
    } else {
      const found = await stores.store.get<JobRecord>(jobKey(id))
      const job = found && parseJob(found)
      const result = job?.kind === 'job' && job.status === 'succeeded' ? job.result : undefined
      if (result?.task !== task || String(result?.fence) !== fence) strays.push(`object ${key}`)
    }
  }
  return strays
}

/** Workspaces of workers that are gone, and in the others what an attempt left. */
async function strayFolders(stack: TestStack, workers: readonly WorkerRecord[]): Promise<string[]> {
  const fleet = path.join(machinesFolder(stack.dataFolder), FLEET, 'workspaces')
  const strays: string[] = []
  for (const id of await namesIn(fleet)) {
    if (workers.some((worker) => worker.id === id)) strays.push(...(await straysOfLive(path.join(fleet, id))))
    else strays.push(`workspace ${id}`)
  }
  for (const name of ['worker', 'other-worker'] as const) {
    const worker = stack.find(name)
    const folder = workspaceOf(stack.dataFolder, name)
    if (worker?.running) strays.push(...(await straysOfLive(seenBy(worker.pid, folder))))
    else strays.push(...(await namesIn(folder)).map((entry) => `${folder}/${entry}`))
  }
  return strays
}

/** A worker that lives has one folder, with its lock beside it, and nothing inside while it runs no job. */
async function straysOfLive(root: string): Promise<string[]> {
  const [own, ...others] = (await namesIn(root)).filter((name) => /^worker-[^.]+$/.test(name))
  const attempts =
    own === undefined ? [] : (await namesIn(path.join(root, own))).map((name) => `${own}/${name}`)
  return [...others, ...attempts].map((name) => `folder ${root}/${name}`)
}

async function allKeys(store: StateStore, prefix: string): Promise<readonly string[]> {
  const keys: string[] = []
  let after: string | undefined
  do {
    const page = await store.listHints(prefix, after === undefined ? {} : { after })
    keys.push(...page.hints.map(({ key }) => key))
    after = page.next
  } while (after !== undefined)
  return keys
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
