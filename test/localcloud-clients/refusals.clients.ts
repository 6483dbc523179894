import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { after, before, describe } from 'mocha'
import { systemClock } from '#shared/clock.ts'
import { Lanes } from '../support/lanes.ts'
import { startTestCloud, type TestCloud, testCredentials } from '../support/localcloud.ts'
import { type Client, type ClientCommand, clients, commandsFor, type Keys } from './support/clients.ts'
import { proves } from './support/feature-table.ts'
import { runCommand, tryCommand } from './support/run-command.ts'

const Bucket = 'media'
const HOUR_MS = 3_600_000
const Key = 'there.txt'

describe('a client that may not write is told why, by the code that S3 would give', function () {
  this.timeout(60_000)
  const lanes = new Lanes(2)
  let folder: string
  let file: string
  let cloud: TestCloud
  /** Its clock is an hour ahead, so every client's is an hour behind. */
  let ahead: TestCloud
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reelmill-clients-refused-'))
    file = join(folder, 'file')
    await writeFile(file, 'not to be stored')
    cloud = await startTestCloud()
    ahead = await startTestCloud({ clock: { ...systemClock, now: () => systemClock.now() + HOUR_MS } })
  })
  after(async () => {
    await lanes.end()
    await cloud?.[Symbol.asyncDispose]()
    await ahead?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  /** Everything that the client says about a write to `url`, which must fail. */
  const complaint = async (client: Client, to: TestCloud, keys?: Keys): Promise<string> => {
    if (client === 'SDK v3') {
      const s3 = to.s3With(keys === undefined ? {} : { credentials: keys })
      const put = s3.send(new PutObjectCommand({ Bucket, Key, Body: 'not to be stored' }))
      return put.then(
        () => 'it was written',
        (error: Error) => error.name,
      )
    }
    const commands = commandsFor(to.s3Url, keys)
    const { command, env } = {
      'AWS CLI': () => commands.aws('s3', 'cp', file, `s3://${Bucket}/${Key}`),
      boto3: () => commands.boto3('put_conditionally', Bucket, Key, 'not to be stored', '{}'),
      s3cmd: () => commands.s3cmd('put', file, `s3://${Bucket}/${Key}`),
      // Without --s3-no-head it asks for the object by HEAD first, and an answer to that has no code.
      rclone: () =>
        commands.rclone(
          'copyto',
          '--s3-no-head',
          '--no-check-dest',
          '--s3-no-check-bucket',
          file,
          `store:${Bucket}/${Key}`,
        ),
    }[client]()
    const { stdout, stderr } = await tryCommand(command, { env })
    return stdout + stderr
  }
  const cases: Readonly<Record<string, readonly [code: string, cloud: () => TestCloud, keys?: Keys]>> = {
    'a wrong secret': [
      'SignatureDoesNotMatch',
      () => cloud,
      { ...testCredentials, secretAccessKey: 'not-the-secret' },
    ],
    'an unknown key': ['InvalidAccessKeyId', () => cloud, { ...testCredentials, accessKeyId: 'nobody' }],
    'a clock an hour behind': ['RequestTimeTooSkewed', () => ahead],
  }
  for (const [what, [code, to, keys]] of Object.entries(cases)) {
    for (const client of clients) {
      const refused = async () => {
        assert.match(await complaint(client, to(), keys), new RegExp(`\\b${code}\\b`))
        const { KeyCount } = await cloud.s3.send(new ListObjectsV2Command({ Bucket }))
        assert.equal(KeyCount, 0)
      }
      proves(client, 'signatures', `with ${what} gets ${code}`, refused, lanes)
    }
  }

  const links: Partial<Record<Client, (url: string) => Promise<string>>> = {
    'SDK v3': () => getSignedUrl(ahead.s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 }),
    'AWS CLI': (url) =>
      output(commandsFor(url).aws('s3', 'presign', '--expires-in=60', `s3://${Bucket}/${Key}`)),
    boto3: async (url) =>
      JSON.parse(
        await output(commandsFor(url).boto3('presign', 'get_object', JSON.stringify({ Bucket, Key }))),
      ),
  }
  for (const [client, sign] of Object.entries(links) as [Client, (url: string) => Promise<string>][]) {
    const refused = async () => {
      const answer = await fetch(await sign(ahead.s3Url))
      assert.equal(answer.status, 403)
      assert.match(await answer.text(), /<Code>AccessDenied<\/Code><Message>Request has expired<\/Message>/)
    }
    proves(client, 'presigned', 'makes a link that is refused when its time is over', refused, lanes)
  }

  proves('s3cmd', 'signatures', 'makes links of the retired kind only, which is said', async () => {
    const url = await output(commandsFor(cloud.s3Url).s3cmd('signurl', `s3://${Bucket}/${Key}`, '+60'))
    const answer = await fetch(url)
    assert.equal(answer.status, 400)
    assert.match(await answer.text(), /<Code>InvalidRequest<\/Code>.*AWS4-HMAC-SHA256/)
  })
})

const output = async ({ command, env }: ClientCommand) => (await runCommand(command, { env })).trim()
