import { statfs } from 'node:fs/promises'
import { one, parseXml, textAt } from '../demo/soap/xml-element.ts'
import { basicAuthorization } from '../stack/basic-authorization.ts'
import type { BenchContext } from './bench-group.ts'
import type { Measurement } from './measurement.ts'
import { forgetPeak, peakRssMib, processUse } from './process-use.ts'
import { movieBytes, type SoapAnswer, type SoapSender, soapEnvelope } from './soap-sender.ts'
import { summary } from './statistics.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const LARGE = 3 * GIB
const WARM_SIZE = 64 * MIB
const MOST_GROWTH_MIB = 160
/** What garbage collection adds or not, by chance. */
const SAME_WITHIN_MIB = 32

export interface SoapMeasured {
  readonly sender: SoapSender
  readonly key: string
  readonly frontendPid: number
  readonly context: BenchContext
}

/** Speed and memory of uploads: REST, MTOM and inline, turn and turn about. */
export async function measureSoapUploads(measured: SoapMeasured): Promise<Measurement[]> {
  const { frontendPid, context } = measured
  const { folder, rounds, say } = context
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < 2 * LARGE)
    throw new Error(`this needs ${(2 * LARGE) / GIB} GiB of free disk for a while; make room in ${folder}.`)
  // Peaks are seen from here: what the very first upload needs is growth, too.
  const idleMib = (await processUse(frontendPid)).rssMib
  for (const form of forms) await upload(form, WARM_SIZE, measured)

  const speeds: Record<Form, number[]> = { rest: [], mtom: [], inline: [] }
  const growth: Record<Form, number[]> = { rest: [], mtom: [], inline: [] }
  for (let round = 0; round < rounds; round++) {
    for (const form of forms) {
      const done = await upload(form, GIB, measured)
      speeds[form].push(GIB / MIB / done.seconds)
      growth[form].push(done.peakMib - idleMib)
    }
    say(
      `  ${round + 1}/${rounds}: ${forms.map((f) => `${f} ${speeds[f].at(-1)?.toFixed(0)} MiB/s`).join(', ')}`,
    )
  }
  const large: Record<Form, number> = { rest: 0, mtom: 0, inline: 0 }
  for (const form of forms) {
    large[form] = (await upload(form, LARGE, measured)).peakMib - idleMib
    say(`  3 GiB by ${form}: grown by ${large[form].toFixed(0)} MiB from ${idleMib.toFixed(0)} MiB`)
  }
  const ratio = (form: Form) => speeds[form].map((speed, i) => speed / (speeds.rest[i] ?? Number.NaN))
  const grown = (form: Form, size: string, values: readonly number[]): Measurement => ({
    what: `growth of the frontend: ${size} by ${NAMES[form]}`,
    unit: 'MiB',
    value: summary(values),
    ...(form !== 'rest' && { goal: { atMost: MOST_GROWTH_MIB } }),
  })
  return [
    ...forms.map(
      (form): Measurement => ({
        what: `1 GiB by ${NAMES[form]}`,
        unit: 'MiB/s',
        value: summary(speeds[form]),
      }),
    ),
    { what: 'MTOM / REST', unit: 'x', value: summary(ratio('mtom')), goal: { atLeast: 0.8 } },
    { what: 'inline / REST', unit: 'x', value: summary(ratio('inline')), goal: { atLeast: 0.35 } },
    ...forms.flatMap((form) => [grown(form, '1 GiB', growth[form]), grown(form, '3 GiB', [large[form]])]),
    ...(['mtom', 'inline'] as const).map(
      (form): Measurement => ({
        what: `growth for 3 GiB less that for 1 GiB: ${NAMES[form]}`,
        unit: 'MiB',
        value: summary([large[form] - summary(growth[form]).median]),
        goal: { atMost: SAME_WITHIN_MIB },
      }),
    ),
  ]
}

type Form = 'rest' | 'mtom' | 'inline'
const forms: readonly Form[] = ['rest', 'mtom', 'inline']
const NAMES: Readonly<Record<Form, string>> = { rest: 'REST', mtom: 'MTOM', inline: 'inline base64' }

/** Uploads `size` bytes and deletes them again. */
async function upload(form: Form, size: number, measured: SoapMeasured) {
  const { sender, key, frontendPid } = measured
  const authorization = `Bearer ${key}`
  const rest = (method: string, path: string, status: number) =>
    expected(sender.send(method, path, { authorization, 'content-length': 0 }, []), status)
  const uploadId = form === 'rest' ? JSON.parse(await rest('POST', '/v1/uploads', 201)).id : undefined
  await forgetPeak(frontendPid)
  const startedMs = performance.now()
  const sent =
    uploadId === undefined
      ? await sendBySoap(form === 'mtom', size, measured)
      : await sendByRest(uploadId, size, measured)
  const seconds = (performance.now() - startedMs) / 1000
  const peakMib = await peakRssMib(frontendPid)
  if (sent.jobId !== undefined) await rest('POST', `/v1/jobs/${sent.jobId}/cancel`, 200)
  await rest('DELETE', `/v1/uploads/${sent.uploadId}`, 204)
  return { seconds, peakMib }
}

interface Sent {
  readonly uploadId: string
  readonly jobId?: string
}

async function sendByRest(uploadId: string, size: number, { sender, key }: SoapMeasured): Promise<Sent> {
  const headers = {
    authorization: `Bearer ${key}`,
    'content-length': size,
    'content-type': 'application/octet-stream',
  }
  const path = `/v1/uploads/${uploadId}/content`
  const answer = await expected(sender.send('PUT', path, headers, movieBytes(size, 'binary')), 200)
  const { sizeBytes } = JSON.parse(answer)
  if (sizeBytes !== size) throw new Error(`of ${size} bytes came ${sizeBytes}`)
  return { uploadId }
}

async function sendBySoap(isMtom: boolean, size: number, { sender, key }: SoapMeasured): Promise<Sent> {
  const [head, tail] = isMtom ? mtomAround() : inlineAround()
  const contentBytes = isMtom ? size : 4 * Math.ceil(size / 3)
  const headers = {
    authorization: basicAuthorization(key),
    'content-type': isMtom
      ? `multipart/related; type="application/xop+xml"; start-info="text/xml"; boundary="${BOUNDARY}"`
      : 'text/xml',
    'content-length': head.length + contentBytes + tail.length,
  }
  function* body() {
    yield head
    yield* movieBytes(size, isMtom ? 'binary' : 'base64')
    yield tail
  }
  const answer = await expected(sender.send('POST', '/soap', headers, body()), 200)
  // In MTOM it stands among the headers and delimiters of its part.
  const [envelope = ''] = /<(\w+:)?Envelope\b[\s\S]*<\/\1Envelope>/.exec(answer) ?? []
  const job = one(parseXml(envelope), 'Body', 'UploadMovieResponse', 'Job')
  return { jobId: textAt(job, 'Id'), uploadId: textAt(job, 'Inputs', 'JobInput', 'Source', 'UploadId') }
}

const BOUNDARY = 'uuid-3f0e7c1a'

/** What stands before and after the content. */
function inlineAround(): [Buffer, Buffer] {
  const [head = '', tail = ''] = uploadMovie('CONTENT').split('CONTENT')
  return [Buffer.from(head), Buffer.from(tail)]
}

function mtomAround(): [Buffer, Buffer] {
  const include = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:content"/>'
  const part = (type: string, id: string) =>
    `--${BOUNDARY}\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <${id}>\r\n\r\n`
  const envelope = uploadMovie(include)
  const head = `${part('application/xop+xml; charset=utf-8; type="text/xml"', 'envelope')}${envelope}\r\n${part('application/octet-stream', 'content')}`
  return [Buffer.from(head), Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]
}

const uploadMovie = (content: string): string =>
  soapEnvelope(
    `<UploadMovie xmlns="urn:reelmill:v1"><FileName>large.bin</FileName><Presets><String>web-480p</String></Presets><Content>${content}</Content></UploadMovie>`,
  )

async function expected(answer: Promise<SoapAnswer>, status: number): Promise<string> {
  const { status: got, body } = await answer
  if (got !== status) throw new Error(`the service answered ${got}: ${body.slice(0, 1000)}`)
  return body
}
