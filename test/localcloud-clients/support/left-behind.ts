import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import type { CloudProcess } from '../../support/localcloud-process.ts'

/** The unfinished uploads of the bucket `media`, and every file of a body under `dataDir`, whoever it belongs to. */
export async function leftBehind({ s3 }: CloudProcess, dataDir: string): Promise<string[]> {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: 'media' }))
  return [...Uploads.map(({ Key }) => `upload of ${Key}`), ...(await bodyFiles(dataDir))]
}

/** The files in which a local cloud on `dataDir` keeps bodies. */
export async function bodyFiles(dataDir: string): Promise<string[]> {
  const folder = join(dataDir, 'localcloud', 's3', 'blobs')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}
