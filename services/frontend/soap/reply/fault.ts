import type { ErrorCode } from '#shared/error-codes.ts'
import type { ReelmillError } from '#shared/errors.ts'
import { outwardError } from '../../outward-error.ts'
import { elementPath } from '../codec/mirror.ts'
import { NAMESPACE, type Operation } from '../contract/operations.ts'
import { WSSE_NAMESPACE } from '../security/username-token.ts'
import { ENVELOPE_NAMESPACE, type SoapVersion } from '../soap-version.ts'
import { xmlText } from '../xml-text.ts'

/** What a client sees of an error: the fields of `ServiceFault`, and SOAP's own code. */
export interface Fault {
  readonly code: ErrorCode
  readonly message: string
  readonly field?: string
  /** What REST answers with; for logs and metrics. */
  readonly status: number
  readonly retryable: boolean
  readonly retryAfterSec?: number
  readonly requestId: string
  readonly documentationUrl: string
  /** Whose fault it is in SOAP's eyes, or the code that SOAP has for the case. */
  readonly soapCode: 'client' | 'server' | 'VersionMismatch' | 'MustUnderstand' | 'FailedAuthentication'
  /** True when it is our defect, and the log must have all of it. */
  readonly isDefect: boolean
}

/**
 * The one place that decides what a SOAP client sees of an error. Whatever is not one of ours is a defect, of which
 * nothing but the request's id is shown. `operation` turns REST's JSON pointers into elements.
 */
export function faultOf(
  error: unknown,
  request: {
    readonly requestId: string
    readonly publicUrl: string
    readonly operation?: Operation | undefined
  },
): Fault {
  const { error: shown, status, retryAfterSec } = outwardError(error)
  const field = fieldOf(shown, request.operation)
  return {
    code: shown.code,
    message: shown.message,
    ...(field !== undefined && { field }),
    status,
    retryable: shown.retry === 'same' || shown.retry === 'later',
    ...(retryAfterSec !== undefined && { retryAfterSec }),
    requestId: request.requestId,
    documentationUrl: `${request.publicUrl}/errors/${shown.code}`,
    soapCode: soapCodeOf(shown, status),
    isDefect: status === 500,
  }
}

/**
 * The envelope of a fault. 1.1 has `Client` and `Server` for what 1.2 calls `Sender` and `Receiver`; the typed
 * detail is the same in both, without prefixes: ASMX clients look into it by plain names.
 */
export function faultEnvelope(fault: Fault, version: SoapVersion): string {
  const detail = `<ServiceFault xmlns="${NAMESPACE}">${element('Code', fault.code)}${element('Message', fault.message)}${fault.field === undefined ? '' : element('Field', fault.field)}${element('Retryable', String(fault.retryable))}${element('RequestId', fault.requestId)}${element('DocumentationUrl', fault.documentationUrl)}</ServiceFault>`
  const open = `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="${ENVELOPE_NAMESPACE[version]}"><soap:Body><soap:Fault>`
  const close = '</soap:Fault></soap:Body></soap:Envelope>'
  const code = soapName(fault.soapCode, version)
  if (version === '1.1')
    return `${open}<faultcode${code.declaration}>${code.name}</faultcode>${element('faultstring', fault.message)}<detail>${detail}</detail>${close}`
  const value = code.isSubcode
    ? `<soap:Value>soap:Sender</soap:Value><soap:Subcode><soap:Value${code.declaration}>${code.name}</soap:Value></soap:Subcode>`
    : `<soap:Value>${code.name}</soap:Value>`
  return `${open}<soap:Code>${value}</soap:Code><soap:Reason><soap:Text xml:lang="en">${xmlText(fault.message)}</soap:Text></soap:Reason><soap:Detail>${detail}</soap:Detail>${close}`
}

function soapName(code: Fault['soapCode'], version: SoapVersion) {
  const own = (name: string) => ({ name: `soap:${name}`, declaration: '', isSubcode: false })
  switch (code) {
    case 'client':
      return own(version === '1.1' ? 'Client' : 'Sender')
    case 'server':
      return own(version === '1.1' ? 'Server' : 'Receiver')
    case 'FailedAuthentication':
      return {
        name: 'wsse:FailedAuthentication',
        declaration: ` xmlns:wsse="${WSSE_NAMESPACE}"`,
        isSubcode: true,
      }
    case 'VersionMismatch':
    case 'MustUnderstand':
      return own(code)
    default:
      throw code satisfies never
  }
}

function soapCodeOf(error: ReelmillError, status: number): Fault['soapCode'] {
  const { fault } = error.facts
  if (fault === 'VersionMismatch' || fault === 'MustUnderstand' || fault === 'FailedAuthentication')
    return fault
  return status >= 500 ? 'server' : 'client'
}

function fieldOf(error: ReelmillError, operation: Operation | undefined): string | undefined {
  const { field, limit } = error.facts
  if (typeof field === 'string') return field
  if (typeof limit === 'string') return limit
  const first = error.errors.find(({ code }) => code === error.code) ?? error.errors[0]
  return first && operation && elementPath(operation.request, first.pointer)
}

const element = (name: string, text: string): string => `<${name}>${xmlText(text)}</${name}>`
