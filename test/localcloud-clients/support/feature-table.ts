import { after, it } from 'mocha'
import { Lanes } from '../../support/lanes.ts'
import type { Client } from './clients.ts'
import { clients, isInstalled, requireClient } from './clients.ts'

/** What a client is held against, in the order of the table's columns. */
const features = [
  'tree',
  '200 MiB',
  'presigned',
  'conditions',
  'multipart',
  'signatures',
  '100k keys',
] as const
export type Feature = (typeof features)[number]

type Outcome = 'yes' | 'FAILED'
const outcomes = new Map<string, Outcome>()

/** Features that a client does not have at all: no fault of the store, and so no test. */
const lacking = new Set([
  's3cmd conditions',
  'rclone conditions',
  // s3cmd signs URLs with Signature Version 2 only, which S3 has retired and the local cloud never had.
  's3cmd presigned',
])

/**
 * A test of one client and one feature, whose outcome goes into the table at the end of the run. In `lanes` it may
 * run beside the others that were added there.
 */
export function proves(
  client: Client,
  feature: Feature,
  title: string,
  prove: () => Promise<void>,
  lanes = new Lanes(1),
): void {
  const cell = `${client} ${feature}`
  const ended = lanes.add(async () => {
    if (isInstalled(client)) await prove()
  })
  it(`${client} ${title}`, async function () {
    requireClient(this, client)
    const before = outcomes.get(cell)
    outcomes.set(cell, 'FAILED')
    await ended()
    outcomes.set(cell, before ?? 'yes')
  })
}

after('print the table', () => {
  if (outcomes.size === 0) return
  const rows = clients.map((client) => [
    client,
    ...features.map((feature) => {
      const cell = `${client} ${feature}`
      return lacking.has(cell) ? 'has none' : (outcomes.get(cell) ?? '-')
    }),
  ])
  const lines = [['', ...features], ...rows].map((row) => row.map((text) => text.padEnd(12)).join(''))
  process.stdout.write(`\n${lines.map((line) => `  ${line.trimEnd()}`).join('\n')}\n\n`)
})
