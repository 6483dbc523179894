/** Something of REST that SOAP does not have, or the other way round, and why. */
export interface Difference {
  /** `Type.field`, or the operation's id in the OpenAPI document. */
  readonly what: string
  readonly why: string
}

/** Fields of REST shapes that SOAP's types lack. A test fails for any other that is missing. */
export const fieldsLeftOut: readonly Difference[] = [
  { what: 'Upload.contentUrl', why: 'SOAP fills an upload by UploadChunk, not by PUT.' },
  {
    what: 'Upload.partSizeBytes',
    why: 'Presigned parts are a way of HTTP clients; chunks may have any size.',
  },
  { what: 'Upload.parts', why: 'As partSizeBytes.' },
]

/** Routes of REST without an operation in SOAP. */
export const routesLeftOut: readonly Difference[] = [
  {
    what: 'getUpload',
    why: 'UploadChunk answers with the upload, and its fault says which offset is expected.',
  },
  { what: 'fillUpload', why: 'UploadMovie and UploadChunk carry the content.' },
  { what: 'presignParts', why: 'Whoever can PUT to presigned URLs can use REST.' },
  { what: 'watchJob', why: 'SOAP has no answer without an end; GetJob is polled.' },
  { what: 'getOutput', why: 'GetJob has all outputs.' },
  { what: 'getPreset', why: 'ListPresets has them all; there are few.' },
  { what: 'listWorkers', why: 'For operators, who have REST and metrics.' },
  { what: 'getFleet', why: 'As listWorkers.' },
  { what: 'live', why: 'For load balancers.' },
  { what: 'ready', why: 'For load balancers.' },
  { what: 'getMetrics', why: 'For Prometheus.' },
  { what: 'getOpenApi', why: 'The WSDL is its counterpart.' },
  { what: 'getEntrance', why: 'As getDocs.' },
  { what: 'getDocs', why: 'GET /soap is its counterpart.' },
  { what: 'getDocsScript', why: 'As getDocs.' },
  { what: 'getDocsStart', why: 'As getDocs.' },
  { what: 'getError', why: "A fault's DocumentationUrl points there." },
  { what: 'listErrors', why: 'As getError.' },
]

/** Types and fields that only SOAP has. */
export const onlyInSoap: readonly Difference[] = [
  { what: 'Entry', why: 'XML has no maps.' },
  {
    what: 'OutputFile',
    why: "A response holds one element; a list's items say which output they belong to.",
  },
  { what: 'FileUrl', why: 'REST answers with a redirect.' },
]
