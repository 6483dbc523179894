import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { systemClock } from '#shared/clock.ts'
import type { DemoJob } from '../demo-job.ts'
import type { SoapClient } from '../soap/soap-client.ts'
import { all, one, textAt, type XmlElement } from '../soap/xml-element.ts'
import type { Door } from './door.ts'

/**
 * By SOAP, as a legacy client would: the movie in one `UploadMovie` by MTOM, `GetJob` every `pollMs` until the job has
 * ended, and the outputs by `FetchFile`.
 */
export function soapDoor(client: SoapClient, pollMs: number, signal: AbortSignal): Door {
  const getJob = async (jobId: string) => jobOf(one(await client.call('GetJob', { JobId: jobId }), 'Job'))
  return {
    name: 'SOAP',
    async submit(file, presets, sent) {
      const { size } = await stat(file)
      const content = createReadStream(file, { highWaterMark: 256 * 1024 })
      let bytes = 0
      content.on('data', (chunk) => {
        bytes += chunk.length
        sent(bytes)
      })
      const wish = { FileName: path.basename(file), SizeBytes: String(size), Presets: { String: presets } }
      const response = await client.send('UploadMovie', wish, {
        name: 'Content',
        sizeBytes: size,
        bytes: content,
      })
      return textAt(response, 'Job', 'Id')
    },
    async follow(jobId, seen) {
      for (;;) {
        const job = await getJob(jobId)
        seen(job)
        if (job.endedAt !== undefined) return job
        await systemClock.sleep(pollMs, signal)
      }
    },
    async fetchFile(jobId, output, file, destination) {
      const bytes = await client.fetch('FetchFile', { JobId: jobId, Output: output, Path: file.path })
      const handle = await open(destination, 'w')
      await pipeline(bytes, handle.createWriteStream(), { signal })
    },
  }
}

/** A `Job` element in REST's spelling. */
function jobOf(job: XmlElement): DemoJob {
  const text = (from: XmlElement | undefined, name: string) =>
    from?.children.find((c) => c.name === name)?.text
  const number = (from: XmlElement | undefined, name: string) => {
    const value = text(from, name)
    return value === undefined ? undefined : Number(value)
  }
  const [receipt] = all(job, 'Receipt')
  const [error] = all(job, 'Error')
  return {
    id: textAt(job, 'Id'),
    status: textAt(job, 'Status') as DemoJob['status'],
    phase: text(job, 'Phase'),
    progress: number(job, 'Progress'),
    etaSec: number(job, 'EtaSec'),
    realtimeFactor: number(job, 'RealtimeFactor'),
    waitingFor: text(job, 'WaitingFor'),
    endedAt: text(job, 'EndedAt'),
    error: error && { message: textAt(error, 'Message') },
    outputs: all(job, 'Outputs', 'OutputResult').map((output) => ({
      name: textAt(output, 'Name'),
      kind: textAt(output, 'Kind'),
      streams: all(output, 'Streams', 'MediaStream').map((stream) => ({ codec: text(stream, 'Codec') })),
      files: all(output, 'Files', 'MediaFile').map((file) => ({
        path: textAt(file, 'Path'),
        url: textAt(file, 'Url'),
        sizeBytes: Number(textAt(file, 'SizeBytes')),
        sha256: textAt(file, 'Sha256'),
      })),
    })),
    receipt: receipt && {
      queueSec: number(receipt, 'QueueSec'),
      fetchSec: number(receipt, 'FetchSec'),
      encodeSec: number(receipt, 'EncodeSec'),
      verifySec: number(receipt, 'VerifySec'),
      uploadSec: number(receipt, 'UploadSec'),
    },
  }
}
