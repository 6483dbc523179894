import type { BenchGroup } from './bench-group.ts'
import { measureSoapAttacks } from './measure-soap-attacks.ts'
import { measureSoapCalls } from './measure-soap-calls.ts'
import { measureSoapUploads } from './measure-soap-uploads.ts'
import { soapSender } from './soap-sender.ts'

/** The SOAP door beside REST's, in one run: the same bytes, the same job, the same service. */
export const measureSoap: BenchGroup = {
  name: 'soap',
  title: 'SOAP beside REST',
  about: 'Uploads of 1 GiB by MTOM, inline and REST; memory up to 3 GiB; small calls; documents that attack.',
  takes: ['rounds'],
  async run(context) {
    await using running = await context.startStack({
      // What is uploaded is not to be encoded.
      REELMILL_MIN_WORKERS: '0',
      REELMILL_MAX_WORKERS: '0',
      // One key stands for many clients here.
      REELMILL_RATE_PER_MINUTE: '10000000',
    })
    const { stack } = running
    using sender = soapSender({ url: stack.url, key: stack.key, signal: context.signal })
    const pid = stack.pids.frontend
    if (pid === undefined) throw new Error('there is no frontend')
    const measured = { sender, key: stack.key, frontendPid: pid, context }
    // Uploads first: what they add is to be seen on a frontend that has not grown yet.
    const uploads = await measureSoapUploads(measured)
    const calls = await measureSoapCalls(measured)
    const attacks = await measureSoapAttacks(measured)
    return {
      measurements: [...uploads, ...calls, ...attacks],
      remarks: `
Uploads go one after another, REST (\`PUT\` of an upload's content), MTOM and inline base64 in turn, and each is deleted
before the next; ratios are of one round. By SOAP it is \`UploadMovie\`, which submits a job as well. MiB are those of
the movie, so inline base64 sends a third more. Growth is the highest memory use of the frontend (RSS) during the
upload, less that before the first one. Small calls come from eight clients at once. An attack counts from its first
byte until its fault begins to arrive, \`GetJob\` is sent at the same moment on another connection.
`,
    }
  },
}
