import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Where each dependency may be imported, and a neighbour of each such place where it may not. */
const doors: readonly { readonly packages: string[]; readonly inside: string[] }[] = [
  {
    packages: ['@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner'],
    inside: ['shared/aws', 'shared/state', 'shared/storage', 'shared/doctor'],
  },
  { packages: ['@aws-sdk/client-sqs'], inside: ['shared/queue'] },
  { packages: ['@aws-sdk/client-ec2', 'dockerode'], inside: ['services/master/drivers'] },
  { packages: ['fluent-ffmpeg', 'fluent-ffmpeg/lib/utils.js'], inside: ['services/worker/ffmpeg'] },
  { packages: ['strong-soap', 'strong-soap/src/parser/wsdl.js'], inside: ['services/frontend/soap'] },
  {
    packages: ['koa', '@koa/router'],
    inside: [
      'services/frontend',
      'services/frontend/rest',
      'services/frontend/soap',
      'services/localcloud',
      'services/localcloud/s3',
    ],
  },
]
const rooms = [
  'shared',
  'shared/jobs',
  'shared/aws',
  'shared/state',
  'shared/storage',
  'shared/doctor',
  'shared/queue',
  'services/frontend',
  'services/frontend/rest',
  'services/frontend/soap',
  'services/localcloud',
  'services/localcloud/s3',
  'services/worker',
  'services/worker/ffmpeg',
  'services/master',
  'services/master/drivers',
]
const services = ['frontend', 'localcloud', 'worker', 'master']
const free = ['test/unit/jobs', 'test/support', 'scripts', 'scripts/demo']

interface Attempt {
  readonly room: string
  readonly specifier: string
  readonly allowed: boolean
}

describe('the import rules of biome.json', () => {
  let refused: ReadonlySet<string>
  const attempts = everyAttempt()

  before(async () => {
    refused = await lint(attempts)
  })

  for (const allowed of [true, false]) {
    for (const room of [...rooms, ...free]) {
      const chosen = attempts.filter((attempt) => attempt.room === room && attempt.allowed === allowed)
      if (chosen.length === 0) continue
      it(`${allowed ? 'let' : 'forbid'} ${room} to import ${chosen.length} of the modules tried`, () => {
        const wrong = chosen.filter((attempt) => refused.has(fileOf(attempt)) === allowed)
        assert.deepEqual(
          wrong.map(({ specifier }) => specifier),
          [],
        )
      })
    }
  }
})

function everyAttempt(): Attempt[] {
  const attempts: Attempt[] = []
  for (const room of [...rooms, ...free]) {
    const isFree = free.includes(room)
    for (const { packages, inside } of doors)
      for (const specifier of packages)
        attempts.push({ room, specifier, allowed: isFree || inside.includes(room) })
    const up = '../'.repeat(room.split('/').length)
    const service = room.startsWith('services/') ? room.split('/')[1] : undefined
    for (const other of services) {
      if (other === service) continue
      // Both spellings of the way there: from the root, and as a sibling of this service.
      attempts.push({ room, specifier: `${up}services/${other}/main.ts`, allowed: isFree })
      attempts.push({ room, specifier: `${up}services/${other}/a/b.ts`, allowed: isFree })
      if (service)
        attempts.push({ room, specifier: `${up.slice('../../'.length)}../${other}/main.ts`, allowed: false })
    }
    if (service) attempts.push({ room, specifier: `${up}shared/errors.ts`, allowed: false })
    attempts.push({ room, specifier: `${up}test/support/tools.ts`, allowed: isFree })
    attempts.push({ room, specifier: `${up}scripts/stack.ts`, allowed: isFree })
    for (const specifier of ['#shared/errors.ts', '#shared/workers/worker-record.ts', './beside.ts', 'zod'])
      attempts.push({ room, specifier, allowed: true })
  }
  return attempts
}

const fileOf = ({ room, specifier }: Attempt): string =>
  path.join(room, `${Buffer.from(specifier).toString('base64url')}.ts`)

/** Writes each import into a file of its own and answers the files in which the linter refuses it. */
async function lint(attempts: readonly Attempt[]): Promise<ReadonlySet<string>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'reelmill-import-rules-'))
  try {
    await copyFile(path.join(root, 'biome.json'), path.join(folder, 'biome.json'))
    for (const attempt of attempts) {
      const file = path.join(folder, fileOf(attempt))
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, `import * as it from '${attempt.specifier}'\n\nexport const used = it\n`)
    }
    const args = ['lint', '--vcs-enabled=false', '--only=style/noRestrictedImports']
    const report = ['--reporter=json', '--max-diagnostics=none', '--colors=off']
    const { stdout } = await promisify(execFile)(
      path.join(root, 'node_modules/.bin/biome'),
      [...args, ...report],
      { cwd: folder, maxBuffer: 64 * 2 ** 20 },
    ).catch((error: { stdout: string }) => error) // biome exits with 1 when it refuses anything
    return new Set(
      (JSON.parse(stdout) as { diagnostics: { location: { path: string } }[] }).diagnostics.map(
        ({ location }) => location.path,
      ),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
