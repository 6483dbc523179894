import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '#shared/clock.ts'
import { DEFAULT_TENANT } from '#shared/tenants/ensure-first-key.ts'
import { SecretBox } from '#shared/tenants/secret-box.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import { Users } from '#shared/tenants/users.ts'
import { samples } from '../../services/frontend/soap/reply/samples.ts'
import { ENVELOPE_NAMESPACE } from '../../services/frontend/soap/soap-version.ts'
import { everydayClip } from '../support/clips.ts'
import { Lanes } from '../support/lanes.ts'
import { skipOrFail } from '../support/skip-or-fail.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'
import { requireTool } from '../support/tools.ts'
import { type Mode, type Stack, stacks } from './stacks.ts'
import { startTap } from './tap.ts'

const run = promisify(execFile)

/** Calls that a client may make within the time for one; Java and Mono need a second or two to start. */
const RUN_MS = 60_000
const BUILD_MS = 180_000
// As many as the machine of a continuous integration has cores, at least: clients wait for the encoder, too.
const LANES = 2

describe('Reelmill through SOAP clients that nobody here wrote', function () {
  // Tests that wait for their turn count that time, too.
  this.timeout(stacks.length * BUILD_MS)
  const lanes = new Lanes(LANES)
  let service: TestStack
  let folder: string
  let clip: string
  let secret: string

  before(async function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
    clip = await everydayClip()
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-soap-clients-'))
    const secretsKey = Buffer.alloc(32, 7).toString('base64')
    service = await startTestStack({ REELMILL_SECRETS_KEY: secretsKey, REELMILL_RATE_PER_MINUTE: '100000' })
    secret = await aUser(service, secretsKey)
  })
  after(async () => {
    await lanes.end()
    await service?.[Symbol.asyncDispose]()
    if (folder) await rm(folder, { recursive: true })
  })

  it('opens its codec before it is ready, so that the first call of all does not wait for it', async () => {
    const log = await readFile(service.service('frontend').logFile, 'utf8')
    const opened = log.indexOf('the SOAP codec is open')
    assert.ok(opened >= 0 && opened < log.indexOf('"ready"'))
  })

  for (const stack of stacks) {
    describe(stack.name, () => {
      const missing = whatIsMissing(stack)
      before(function () {
        if (missing === undefined) return
        skipOrFail(this, missing, '`node scripts/setup/soap-clients.mjs` installs it on Debian.')
      })
      // Made once, by the first that needs it.
      let building: Promise<string> | undefined
      const built = () => {
        building ??= build(stack, path.join(folder, stack.name.replaceAll(/[^A-Za-z0-9]/g, '-')), service.url)
        return building
      }
      for (const mode of stack.modes) {
        const journey = async () => {
          const home = await built()
          const out = path.join(home, `${nameOf(mode).replaceAll(/[^A-Za-z0-9.]/g, '-')}.mp4`)
          await using tap = await startTap(service.url)
          const said = await runClient(stack.command(home), {
            SOAP_URL: `${tap.url}/soap`,
            SOAP_KEY: service.key,
            SOAP_USER: 'legacy',
            SOAP_SECRET: secret,
            SOAP_CLIP: clip,
            SOAP_OUT: out,
            SOAP_VERSION: mode.version,
            SOAP_ATTACH: mode.attach,
            SOAP_AUTH: mode.auth,
          })
          assertMode(mode, tap.said())
          const [jobId = '', status] = said.get('job') ?? []
          assert.equal(status, 'succeeded')
          const job = await service.api.follow(jobId)
          const file = job.outputs[0]?.files[0]
          assert.ok(file)
          assert.equal(sha256(await readFile(out)), file.sha256, 'the same bytes as by REST')
          const [code, retryable] = said.get('fault') ?? []
          assert.equal(code, 'not-found')
          assert.equal(retryable?.toLowerCase().replaceAll("'", ''), 'false')
        }
        const ended = missing === undefined ? lanes.add(journey) : async () => undefined
        it(`uploads, encodes and fetches a movie by ${nameOf(mode)}`, ended)
      }
      const { sample } = stack
      if (!sample) return
      const paste = async () => {
        const home = await mkdtemp(path.join(folder, 'sample-'))
        const said = await runSample(sample, home, { url: service.url, key: service.key, clip })
        const [, status, address = ''] = /^(\w+) (http\S+)$/m.exec(said) ?? []
        assert.equal(status, 'succeeded', said)
        assert.equal((await fetch(address)).status, 200, 'the encoded movie is there')
      }
      const pasted = missing === undefined ? lanes.add(paste) : async () => undefined
      it(`runs the program of the README, ${sample.file}, as it stands`, pasted)
    })
  }
})

async function build(stack: Stack, home: string, url: string): Promise<string> {
  await mkdir(home)
  await stack.build?.(home, `${url}/soap`)
  return home
}

/** What the program prints in a folder with a movie and a key, as `npm start` has them; only the address is another. */
async function runSample(
  { file, environment }: NonNullable<Stack['sample']>,
  home: string,
  { url, key, clip }: { readonly url: string; readonly key: string; readonly clip: string },
): Promise<string> {
  const found = samples(`${url}/soap`).find(({ title }) => title.includes(`(${file};`))
  assert.ok(found?.shell, `there is a program ${file}`)
  await mkdir(path.join(home, 'data'))
  await writeFile(path.join(home, 'data', 'key'), `${key}\n`)
  await copyFile(clip, path.join(home, 'movie.mov'))
  await writeFile(path.join(home, file), found.code)
  const { stdout } = await run('sh', ['-ec', found.shell], {
    cwd: home,
    env: { ...process.env, ...(await environment?.(home)) },
    timeout: BUILD_MS,
  })
  return stdout
}

/** A client that cannot do something may do something else without a word; so what it sent is looked at. */
function assertMode({ version, attach, auth }: Mode, sent: string): void {
  const other = version === '1.1' ? '1.2' : '1.1'
  assert.ok(sent.includes(ENVELOPE_NAMESPACE[version]), `it spoke SOAP ${version}`)
  assert.ok(!sent.includes(ENVELOPE_NAMESPACE[other]), `it did not speak SOAP ${other}`)
  assert.equal(/^content-type: *multipart\/related/im.test(sent), attach === 'mtom', 'it sent MTOM')
  assert.equal(/^authorization: *basic/im.test(sent), auth === 'basic', 'it used HTTP Basic')
  assert.equal(sent.includes('#PasswordDigest'), auth === 'digest', 'it used a digest')
  assert.equal(
    sent.includes('<wsse:Username') || sent.includes(':Username>'),
    auth !== 'basic',
    'it used WS-Security',
  )
}

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

/** A sentence when the stack is not installed here. */
function whatIsMissing({ name, probe }: Stack): string | undefined {
  const [file = '', ...args] = probe
  if (spawnSync(file, args, { stdio: 'ignore' }).status === 0) return undefined
  return `${name} is not installed here (tried: ${probe.join(' ')})`
}

function nameOf({ version, attach, auth }: Mode): string {
  const security = auth === 'basic' ? 'HTTP Basic' : `WS-Security ${auth}`
  return `SOAP ${version}, ${attach === 'mtom' ? 'MTOM' : 'base64'}, ${security}`
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
