import type { IncomingMessage } from 'node:http'
import { type Caller, requireScope } from '#shared/tenants/caller.ts'
import { toSoap } from './codec/mirror.ts'
import type { StrongSoapCodec } from './codec/strong-soap-codec.ts'
import { Tokens } from './codec/tokens.ts'
import type { Operation } from './contract/operations.ts'
import { assertUnderstood } from './envelope/must-understand.ts'
import type { XmlElement } from './envelope/xml-element.ts'
import { readMessage } from './read-message.ts'
import { type Fault, faultEnvelope, faultOf } from './reply/fault.ts'
import { envelopeReply, fileReply, type Reply } from './reply/reply.ts'
import { readAuthorization } from './security/basic.ts'
import { type Credentials, readUsernameToken } from './security/username-token.ts'
import { soapError } from './soap-error.ts'
import type { SoapLimits } from './soap-limits.ts'
import type { FileBytes, SoapOperations } from './soap-operations.ts'
import type { SoapVersion } from './soap-version.ts'
import { type ContentType, parseContentType } from './wire/content-type.ts'
import { TimedSource } from './wire/timed-source.ts'
import { xmlText } from './xml-text.ts'

export interface CallDependencies {
  readonly codec: StrongSoapCodec
  readonly limits: SoapLimits
  readonly operations: SoapOperations
  /** Who the credentials belong to, within that caller's rate. Throws `unauthenticated`, `rate-limited`. */
  authenticate(credentials: Credentials): Promise<Caller>
}

export interface CallRequest {
  readonly request: IncomingMessage
  readonly requestId: string
  readonly publicUrl: string
  readonly signal: AbortSignal
  /** Tells a client that waits for it to send its body. */
  beginBody(): void
}

export interface CallOutcome {
  readonly status: number
  readonly reply: Reply
  /** As far as they became known, for the log. */
  readonly operation: Operation | undefined
  readonly caller: Caller | undefined
  readonly fault: Fault | undefined
  readonly error: unknown
  /** True when the client should be asked for HTTP Basic: it gave no credentials, or wrong ones. */
  readonly challenge: boolean
}

/** Answers one POST: with the response, or with a fault in the version and the form of the request. Never throws. */
export async function answerCall(given: CallRequest, dependencies: CallDependencies): Promise<CallOutcome> {
  const { request, requestId, publicUrl, signal } = given
  const { codec, limits, operations, authenticate } = dependencies
  let contentType: ContentType | undefined
  let version: SoapVersion | undefined
  let operation: Operation | undefined
  let caller: Caller | undefined
  const form = () => ({
    version: version ?? likelyVersion(contentType),
    mtom: contentType?.mediaType === 'multipart/related',
  })
  try {
    contentType = parseContentType(request.headers['content-type'])
    assertNotEncoded(request)
    // Credentials in HTTP are checked before anything is read; those in the envelope as soon as its Body opens.
    const credentials = readAuthorization(request.headers.authorization)
    if (credentials) caller = await authenticate(credentials)
    const source = new TimedSource(request, limits)
    given.beginBody()
    const message = await readMessage(source, contentType, {
      limits,
      codec,
      onBody: async (seen, header) => {
        version = seen
        caller ??= await authenticate(tokenOf(header))
        assertUnderstood(seen, header)
      },
      onOperation: (found) => {
        operation = found
        if (caller) requireScope(caller, found.scope)
      },
    })
    source.endHead()
    if (!caller) throw new Error('An envelope was read without a caller.')
    const run = operations[message.operation.name]
    const value = await run({ caller, request: message.request, content: message.content, signal })
    const reply = replyOf(codec, message.operation, value, form())
    return { status: 200, reply, operation, caller, fault: undefined, error: undefined, challenge: false }
  } catch (error) {
    const fault = faultOf(error, { requestId, publicUrl, operation })
    const isUnauthenticated = fault.code === 'unauthenticated' && fault.soapCode !== 'FailedAuthentication'
    return {
      // HTTP 500 for every fault, in 1.2 as well: that is what all client stacks look into.
      status: isUnauthenticated ? 401 : fault.code === 'unsupported-media-type' ? 415 : 500,
      reply: envelopeReply(faultEnvelope(fault, form().version), form()),
      operation,
      caller,
      fault,
      error,
      challenge: isUnauthenticated,
    }
  }
}

function replyOf(
  codec: StrongSoapCodec,
  operation: Operation,
  value: unknown,
  form: { readonly version: SoapVersion; readonly mtom: boolean },
): Reply {
  const { response } = operation
  const tokens = new Tokens()
  if (response.type.kind === 'simple' && response.type.xsd === 'base64Binary') {
    const token = tokens.keep('')
    const [before = '', after = ''] = codec
      .encode(operation.name, form.version, { [response.name]: token })
      .split(token)
    return fileReply(before, after, value as FileBytes, form)
  }
  const encoded = codec.encode(
    operation.name,
    form.version,
    toSoap([response], { [response.rest]: value }, tokens),
  )
  return envelopeReply(tokens.restore(encoded, xmlText), form)
}

function tokenOf(header: readonly XmlElement[]): Credentials {
  const credentials = readUsernameToken(header)
  if (credentials) return credentials
  throw soapError(
    'unauthenticated',
    'There are no credentials. Send HTTP Basic or a WS-Security UsernameToken, with a key (rmk_...) as the password.',
  )
}

/** Before the envelope says so, its media type does; in MTOM the `start-info`. */
function likelyVersion(contentType: ContentType | undefined): SoapVersion {
  const startInfo = contentType?.parameters.get('start-info') ?? contentType?.parameters.get('type') ?? ''
  return contentType?.mediaType === 'application/soap+xml' || startInfo.startsWith('application/soap+xml')
    ? '1.2'
    : '1.1'
}

function assertNotEncoded(request: IncomingMessage): void {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return
  throw soapError(
    'unsupported-media-type',
    `The Content-Encoding '${encoding.slice(0, 40)}' is not supported. Send the request as it is.`,
  )
}
