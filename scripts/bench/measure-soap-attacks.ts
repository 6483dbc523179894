import { getJob, queuedJob } from './measure-soap-calls.ts'
import type { SoapMeasured } from './measure-soap-uploads.ts'
import type { Measurement } from './measurement.ts'
import { soapEnvelope } from './soap-sender.ts'
import { summary } from './statistics.ts'

const TIMES = 10
const REFUSED_MS = 100
const BESIDE_MS = 200

/** Documents that cost a careless server seconds or its life, each beside a `GetJob` that must not notice. */
export async function measureSoapAttacks(measured: SoapMeasured): Promise<Measurement[]> {
  const { sender, context } = measured
  const { jobId } = await queuedJob(measured)
  await sender.call(getJob(jobId))
  const rows: Measurement[] = []
  const beside: number[] = []
  for (const [what, document] of Object.entries(attacks())) {
    const refused: number[] = []
    for (let i = 0; i < TIMES; i++) {
      const [attack, call] = await Promise.all([sender.call(document), sender.call(getJob(jobId))])
      if (attack.status !== 500 || !attack.body.includes('Fault'))
        throw new Error(
          `${what} was not refused but answered with ${attack.status}: ${attack.body.slice(0, 500)}`,
        )
      if (call.status !== 200) throw new Error(`GetJob beside ${what} was answered with ${call.status}`)
      refused.push(attack.ms)
      beside.push(call.ms)
    }
    const worst = summary(refused).most
    context.say(`  ${what}: refused within ${worst.toFixed(0)} ms`)
    rows.push({
      what: `refusal of ${what}`,
      unit: 'ms',
      value: summary(refused),
      goal: { atMost: REFUSED_MS },
      compared: { name: 'worst', value: worst },
    })
  }
  const besideSummary = summary(beside)
  return [
    ...rows,
    {
      what: 'GetJob while an attack is refused',
      unit: 'ms',
      value: besideSummary,
      goal: { atMost: BESIDE_MS },
      compared: { name: 'worst', value: besideSummary.most },
    },
  ]
}

/** What is to be refused, by what it is. */
function attacks(): Record<string, string> {
  const mega = 1024 * 1024
  const inCall = (text: string) => soapEnvelope(`<GetJob xmlns="urn:reelmill:v1">${text}</GetJob>`)
  return {
    '200,000 nested elements': soapEnvelope('<a>'.repeat(200_000)),
    '20,000 nested elements with prefixes': soapEnvelope('<x:a xmlns:x="urn:x">'.repeat(20_000)),
    '1,000,000 siblings': inCall('<a/>'.repeat(1_000_000)),
    '50 MB of text': inCall(`<JobId>${'x'.repeat(50 * mega)}</JobId>`),
    '500 kB of CDATA': inCall(`<JobId><![CDATA[${'<'.repeat(500_000)}]]></JobId>`),
    '10,000 attributes': soapEnvelope(
      `<a ${Array.from({ length: 10_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`,
    ),
    'entities that expand': `<!DOCTYPE a [<!ENTITY a "${'a'.repeat(1_000)}"><!ENTITY b "${'&a;'.repeat(1_000)}">]>${inCall('<JobId>&b;</JobId>')}`,
    // As much as may be, in a call that is refused only at its end: there is no such element.
    'the most that the limits allow': inCall(
      `${'<Nothing/>'.repeat(4_900)}${`<Nothing>${'x'.repeat(64_000)}</Nothing>`.repeat(14)}`,
    ),
  }
}
