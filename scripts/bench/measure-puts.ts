import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { BenchContext, BenchGroup } from './bench-group.ts'
import { onLocalcloud } from './localcloud-alone.ts'
import { ownCpuSec } from './process-use.ts'
import type { PutRound, PutTask } from './put-client.ts'
import { summary } from './statistics.ts'

const CLIENTS = 16
const PUTS_A_ROUND = 12_000
/** As often as a job's record is written in its life: made once, then swapped. */
const WRITES_OF_A_RECORD = 6
const BODY_BYTES = 1024

/** What the embedded store does when many records change at once. */
export const measurePuts: BenchGroup = {
  name: 'puts',
  title: 'Writes of the embedded store',
  about: `Durable conditional PUTs of ${BODY_BYTES} bytes to localcloud by ${CLIENTS} clients over HTTP.`,
  takes: ['rounds'],
  async run(context) {
    const rounds = await onLocalcloud(context, 'puts', async ({ pid, s3Url, credentials, bucket }) => {
      const client = fork(fileURLToPath(new URL('put-client.ts', import.meta.url)))
      try {
        const task: PutTask = {
          ...{ s3Url, credentials, bucket, clients: CLIENTS, puts: PUTS_A_ROUND },
          ...{ writesOfARecord: WRITES_OF_A_RECORD, bodyBytes: BODY_BYTES },
        }
        // The first round fills the compile cache and the caches of the machine; it is not counted.
        await putRound(client, task, pid, context)
        const rounds: Awaited<ReturnType<typeof putRound>>[] = []
        while (rounds.length < context.rounds) {
          const round = await putRound(client, task, pid, context)
          rounds.push(round)
          context.say(
            `  ${rounds.length}/${context.rounds}: ${Math.round(round.perSec)} PUTs a second, CPU of localcloud ${round.cpuMs.toFixed(2)} ms and of the client ${round.clientCpuMs.toFixed(2)} ms for each`,
          )
        }
        return rounds
      } finally {
        client.kill()
      }
    })
    return {
      measurements: [
        {
          what: `PUTs of ${CLIENTS} clients`,
          unit: '/s',
          value: summary(rounds.map(({ perSec }) => perSec)),
          goal: { atLeast: 3000 },
        },
        {
          what: 'CPU of localcloud for 1,000 PUTs',
          unit: 'ms',
          value: summary(rounds.map(({ cpuMs }) => cpuMs * 1000)),
        },
      ],
      remarks: `
Rounds of ${PUTS_A_ROUND} PUTs, each signed with the hash of its body. Each client makes a record (\`If-None-Match: *\`) and
swaps it ${WRITES_OF_A_RECORD - 1} times (\`If-Match\`), waiting for each answer; every answer must be 200. What is answered is flushed to
the disk. The clients are one process on the same machine, with requests that were signed before the round.
`,
    }
  },
}

async function putRound(
  client: ReturnType<typeof fork>,
  task: PutTask,
  pid: number,
  { signal }: BenchContext,
) {
  const answer = async () => {
    const heard = new AbortController()
    const listening = { signal: AbortSignal.any([signal, heard.signal]) }
    const ended = once(client, 'exit', listening).then(([code]) => {
      throw new Error(`the client ended with ${code}`)
    })
    try {
      const [message] = await Promise.race([once(client, 'message', listening), ended])
      return message as 'ready' | PutRound
    } finally {
      heard.abort() // one of the two listeners is left
    }
  }
  client.send(task)
  if ((await answer()) !== 'ready') throw new Error('the client is out of step')
  const before = await ownCpuSec(pid)
  client.send('go')
  const round = await answer()
  if (round === 'ready') throw new Error('the client is out of step')
  if (round.failed !== undefined) throw new Error(`a PUT was not answered with 200: ${round.failed}`)
  return {
    perSec: task.puts / (round.wallMs / 1000),
    cpuMs: (1000 * ((await ownCpuSec(pid)) - before)) / task.puts,
    clientCpuMs: round.cpuMs / task.puts,
  }
}
