import type { SoapMeasured } from './measure-soap-uploads.ts'
import type { Measurement } from './measurement.ts'
import { ownCpuSec } from './process-use.ts'
import { type SoapAnswer, soapEnvelope } from './soap-sender.ts'
import { summary } from './statistics.ts'

const CLIENTS = 8
const CALLS = 1_200

/** `GetJob` by SOAP beside `GET /v1/jobs/{id}`, turn and turn about. */
export async function measureSoapCalls(measured: SoapMeasured): Promise<Measurement[]> {
  const { sender, context } = measured
  const { jobId } = await queuedJob(measured)
  const ways = {
    rest: () => sender.get(`/v1/jobs/${jobId}`),
    soap: () => sender.call(getJob(jobId)),
  }
  for (const call of Object.values(ways)) await many(call, measured) // code that runs for the first time is slow
  const rates: { rest: Rate; soap: Rate }[] = []
  for (let round = 0; round < context.rounds; round++) {
    const rest = await many(ways.rest, measured)
    const soap = await many(ways.soap, measured)
    rates.push({ rest, soap })
    context.say(
      `  ${round + 1}/${context.rounds}: GetJob ${soap.perSec.toFixed(0)} a second, REST ${rest.perSec.toFixed(0)}`,
    )
  }
  const cpu = (way: 'rest' | 'soap', what: string): Measurement => ({
    what: `CPU of the frontend for each ${what}`,
    unit: 'ms',
    value: summary(rates.map((rate) => rate[way].cpuMs)),
  })
  return [
    { what: 'GET /v1/jobs/{id}', unit: '/s', value: summary(rates.map(({ rest }) => rest.perSec)) },
    { what: 'GetJob', unit: '/s', value: summary(rates.map(({ soap }) => soap.perSec)) },
    {
      what: 'GetJob / GET',
      unit: 'x',
      value: summary(rates.map(({ rest, soap }) => soap.perSec / rest.perSec)),
      goal: { atLeast: 0.5 },
    },
    cpu('rest', 'GET'),
    cpu('soap', 'GetJob'),
  ]
}

/** A job that nobody takes, since there are no workers. */
export async function queuedJob({ sender }: SoapMeasured): Promise<{ readonly jobId: string }> {
  const movie = Buffer.from('a few bytes').toString('base64')
  const answer = await sender.call(
    soapEnvelope(
      `<UploadMovie xmlns="urn:reelmill:v1"><Presets><String>web-480p</String></Presets><Content>${movie}</Content></UploadMovie>`,
    ),
  )
  const [, jobId] = /<(?:\w+:)?Id>(job_\w+)</.exec(answer.body) ?? []
  if (jobId === undefined) throw new Error(`UploadMovie answered ${answer.status}: ${answer.body}`)
  return { jobId }
}

export const getJob = (jobId: string): string =>
  soapEnvelope(`<GetJob xmlns="urn:reelmill:v1"><JobId>${jobId}</JobId></GetJob>`)

interface Rate {
  readonly perSec: number
  readonly cpuMs: number
}

async function many(call: () => Promise<SoapAnswer>, { frontendPid }: SoapMeasured): Promise<Rate> {
  const startedMs = performance.now()
  const cpuSec = await ownCpuSec(frontendPid)
  let left = CALLS
  const client = async () => {
    while (left-- > 0) {
      const { status, body } = await call()
      if (status !== 200) throw new Error(`a small call was answered with ${status}: ${body}`)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return {
    perSec: (1000 * CALLS) / (performance.now() - startedMs),
    cpuMs: (1000 * ((await ownCpuSec(frontendPid)) - cpuSec)) / CALLS,
  }
}
