import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '#shared/clock.ts'
import { DEFAULT_TENANT } from '#shared/tenants/ensure-first-key.ts'
import { SecretBox } from '#shared/tenants/secret-box.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import { Users } from '#shared/tenants/users.ts'
import { everydayClip } from '../support/clips.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'
import { requireTool } from '../support/tools.ts'
import { type Mode, type Stack, stacks } from './stacks.ts'

const run = promisify(execFile)

/** Calls that a client may make within the time for one; Java and Mono need a second or two to start. */
const RUN_MS = 60_000
const BUILD_MS = 180_000

describe('Reelmill through SOAP clients that nobody here wrote', function () {
  this.timeout(RUN_MS)
  let service: TestStack
  let folder: string
  let clip: string
  let secret: string

  before(async function () {
    this.timeout(BUILD_MS)
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
    clip = await everydayClip()
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-soap-clients-'))
    const secretsKey = Buffer.alloc(32, 7).toString('base64')
    service = await startTestStack({ REELMILL_SECRETS_KEY: secretsKey, REELMILL_RATE_PER_MINUTE: '100000' })
    secret = await aUser(service, secretsKey)
  })
  after(async () => {
    await service?.[Symbol.asyncDispose]()
    if (folder) await rm(folder, { recursive: true })
  })

  for (const stack of stacks) {
    describe(stack.name, () => {
      let home: string
      before(async function () {
        this.timeout(BUILD_MS)
        if (!isThere(stack)) return this.skip()
        home = path.join(folder, stack.name.replaceAll(/[^A-Za-z0-9]/g, '-'))
        await run('mkdir', [home])
        await stack.build?.(home, `${service.url}/soap`)
      })

      for (const mode of stack.modes) {
        it(`uploads, encodes and fetches a movie by ${nameOf(mode)}`, async () => {
          const out = path.join(home, `${nameOf(mode).replaceAll(/[^A-Za-z0-9.]/g, '-')}.mp4`)
          const said = await runClient(stack.command(home), {
            SOAP_URL: `${service.url}/soap`,
            SOAP_KEY: service.key,
            SOAP_USER: 'legacy',
            SOAP_SECRET: secret,
            SOAP_CLIP: clip,
            SOAP_OUT: out,
            SOAP_VERSION: mode.version,
            SOAP_ATTACH: mode.attach,
            SOAP_AUTH: mode.auth,
          })
          const [jobId = '', status] = said.get('job') ?? []
          assert.equal(status, 'succeeded')
          const job = await service.api.follow(jobId)
          const file = job.outputs[0]?.files[0]
          assert.ok(file)
          assert.equal(sha256(await readFile(out)), file.sha256, 'the same bytes as by REST')
          const [code, retryable] = said.get('fault') ?? []
          assert.equal(code, 'not-found')
          assert.equal(retryable?.toLowerCase().replaceAll("'", ''), 'false')
        })
      }
    })
  }
})

/** What the client said, by the first word of each line. */
async function runClient(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const [file = '', ...args] = command
  const { stdout, stderr } = await run(file, args, {
    env: { ...process.env, ...environment },
    timeout: RUN_MS,
  })
  const lines = stdout.split('\n').map((line) => line.trim().split(' '))
  const said = new Map(lines.map(([first = '', ...rest]) => [first, rest]))
  assert.ok(said.has('job') && said.has('fault'), `the client said:\n${stdout}\n${stderr}`)
  return said
}

async function aUser(service: TestStack, secretsKey: string): Promise<string> {
  const { store } = service.stores
  const tenants = new Tenants({ store, clock: systemClock })
  const users = new Users({ store, clock: systemClock, tenants, box: new SecretBox(secretsKey) })
  const { secret } = await users.create({
    name: 'legacy',
    tenant: DEFAULT_TENANT,
    scopes: ['submit', 'read'],
  })
  return secret
}

function isThere(stack: Stack): boolean {
  const [file = '', ...args] = stack.probe
  if (spawnSync(file, args, { stdio: 'ignore' }).status === 0) return true
  const missing = `${stack.name} is not installed here (tried: ${stack.probe.join(' ')})`
  if (process.env.CI === 'true') throw new Error(`${missing}. With CI=true no client is skipped.`)
  process.stderr.write(
    `\n>>> SKIPPING A CLIENT: ${missing}. \`node scripts/setup/soap-clients.mjs\` installs it on Debian.\n\n`,
  )
  return false
}

function nameOf({ version, attach, auth }: Mode): string {
  const security = auth === 'basic' ? 'HTTP Basic' : `WS-Security ${auth}`
  return `SOAP ${version}, ${attach === 'mtom' ? 'MTOM' : 'base64'}, ${security}`
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
