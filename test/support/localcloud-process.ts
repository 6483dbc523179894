import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { S3Client } from '@aws-sdk/client-s3'
import { createS3Client } from '#shared/aws/create-s3-client.ts'
import { testCredentials } from './localcloud.ts'

const main = new URL('../../services/localcloud/main.ts', import.meta.url).pathname

export interface CloudProcess {
  readonly child: ChildProcess
  readonly s3: S3Client
  readonly s3Url: string
  /** Ends it with `signal` and waits until it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>
}

/**
 * Starts the local cloud as a process of its own, to be killed without warning. `wrap` is a command that runs it.
 * Rejects with what it wrote to stderr when it ends before it is ready.
 */
export async function spawnLocalcloud(dataDir: string, wrap: readonly string[] = []): Promise<CloudProcess> {
  const [command = '', ...args] = [...wrap, process.execPath, main]
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      REELMILL_DATA: dataDir,
      REELMILL_LOCALCLOUD_S3_PORT: '0',
      REELMILL_LOCALCLOUD_SQS_PORT: '0',
      AWS_ACCESS_KEY_ID: testCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: testCredentials.secretAccessKey,
      REELMILL_MEDIA_BUCKET: 'media',
      REELMILL_STATE_BUCKET: 'state',
    },
  })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const exited = once(child, 'exit')
  const s3Url = await new Promise<string>((resolve, reject) => {
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const { s3Url } = JSON.parse(line) as { s3Url?: string }
        if (s3Url !== undefined) resolve(s3Url)
      })
    }
    exited.then(() => reject(new Error(complaint)), reject)
  })
  // On a machine that is busy with other clients, this one may wait longer for its connection than the usual 3 s.
  const s3 = createS3Client({
    endpoint: s3Url,
    credentials: testCredentials,
    maxAttempts: 1,
    connectTimeoutMs: 20_000,
  })
  return {
    child,
    s3,
    s3Url,
    async kill(signal) {
      child.kill(signal)
      await exited
      s3.destroy()
    },
  }
}
