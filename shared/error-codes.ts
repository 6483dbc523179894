/** Whether trying again helps: never, the same request at once, the same later, or a changed one. */
export type Retry = 'never' | 'same' | 'later' | 'changed'

/** What the documentation says of one code. `status` is its HTTP status; codes that only a job carries have none. */
export interface ErrorEntry {
  readonly status?: number
  readonly title: string
  readonly retry: Retry
  /** What happened and what to do next, in one or two sentences for the person who reads the answer. */
  readonly help: string
}

/**
 * Every code that a client can see, in REST answers, SOAP faults and jobs alike. Codes are never renamed;
 * new ones may be added. The frontend serves each entry at /errors/{code}.
 */
export const errorCatalogue = {
  // Requests
  'invalid-request': {
    status: 400,
    title: 'The request is not valid',
    retry: 'changed',
    help: 'One or more fields have a wrong type, length or value. `errors` names each; correct them and send again.',
  },
  'unknown-field': {
    status: 400,
    title: 'The request has a field that does not exist',
    retry: 'changed',
    help: 'Requests are strict so that a typing error is never ignored silently. Remove or rename the field that `errors` points to.',
  },
  'malformed-body': {
    status: 400,
    title: 'The body cannot be read',
    retry: 'changed',
    help: 'The body is not well-formed JSON, multipart/form-data or XML. Check its syntax and its Content-Type.',
  },
  'not-supported': {
    status: 422,
    title: 'This is reserved for a later version',
    retry: 'changed',
    help: 'The field or value is a name that the API reserves but this version does not act on. Leave it out.',
  },
  unauthenticated: {
    status: 401,
    title: 'A valid key is needed',
    retry: 'changed',
    help: 'Send `Authorization: Bearer rmk_...` with a key that exists and is not revoked. `npm run keys` makes one.',
  },
  forbidden: {
    status: 403,
    title: 'This key may not do that',
    retry: 'changed',
    help: 'The key lacks the scope that the operation needs. Use a key with that scope.',
  },
  'not-found': {
    status: 404,
    title: 'There is no such thing',
    retry: 'never',
    help: 'The id or path does not exist, or belongs to another tenant. Check it against the list.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The method does not fit this resource',
    retry: 'changed',
    help: 'The resource exists but not with this method; the Allow header names those that it has.',
  },
  conflict: {
    status: 409,
    title: 'The resource is in a state that does not allow this',
    retry: 'changed',
    help: 'For example deleting a job that still runs, or filling an upload twice. Read the resource, then decide.',
  },
  'length-mismatch': {
    status: 422,
    title: 'The bytes received are not those announced',
    retry: 'same',
    help: 'The size or SHA-256 of what arrived differs from what was declared. Send the content again.',
  },
  gone: {
    status: 410,
    title: 'The resource was deleted or has expired',
    retry: 'never',
    help: 'It existed once. Uploads expire and ended jobs are removed after their retention; submit again.',
  },
  'precondition-failed': {
    status: 412,
    title: 'The resource has changed since it was read',
    retry: 'changed',
    help: 'If-Match names an older revision. Read the resource again and repeat with its ETag.',
  },
  'too-large': {
    status: 413,
    title: 'The request is larger than allowed',
    retry: 'changed',
    help: 'The body or the movie exceeds a limit; `detail` names it. Send less, or ask the operator to raise the limit.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The Content-Type is not one that this operation reads',
    retry: 'changed',
    help: 'Use the content type that the operation documents.',
  },
  'unknown-operation': {
    status: 404,
    title: 'There is no such SOAP operation',
    retry: 'changed',
    help: "The Body's element names the operation, in the namespace urn:reelmill:v1. GET /soap?wsdl lists them all.",
  },
  'soap-version-mismatch': {
    status: 400,
    title: 'The envelope is of no known SOAP version',
    retry: 'changed',
    help: 'Use the envelope namespace of SOAP 1.1 or of SOAP 1.2.',
  },
  'soap-not-understood': {
    status: 400,
    title: 'A SOAP header must be understood and is not',
    retry: 'changed',
    help: 'WS-Security UsernameToken and WS-Addressing are understood. Send any other header without mustUnderstand.',
  },
  'idempotency-mismatch': {
    status: 422,
    title: 'The idempotency key was used with another request',
    retry: 'changed',
    help: 'A key stands for one request for 24 hours. Use a new key for a new request.',
  },
  'upload-not-ready': {
    status: 422,
    title: 'The upload has not received its content',
    retry: 'changed',
    help: 'Fill the upload first (PUT its contentUrl, or complete its parts), then submit the job.',
  },
  'unknown-preset': {
    status: 422,
    title: 'There is no such preset',
    retry: 'changed',
    help: 'GET /v1/presets lists the names and versions that exist.',
  },
  'override-out-of-bounds': {
    status: 422,
    title: 'The preset does not allow this override',
    retry: 'changed',
    help: 'A preset lists the fields that may be overridden and their bounds; everything else is locked.',
  },
  'location-not-granted': {
    status: 403,
    title: 'This tenant may not read that location',
    retry: 'changed',
    help: 'An administrator must grant the s3:// prefix to the tenant (npm run keys -- grant), or use an upload.',
  },
  'destination-refused': {
    status: 422,
    title: 'The webhook address is not allowed',
    retry: 'changed',
    help: 'Webhooks go to public http(s) addresses unless the operator allows private ones.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    retry: 'later',
    help: 'The key has used up its rate. Wait as long as Retry-After says.',
  },
  'quota-exceeded': {
    status: 429,
    title: 'The tenant has reached a limit',
    retry: 'later',
    help: 'Too many jobs of this tenant are open: queued, running, or ended with news that its webhook has not taken yet. Wait until some end, cancel some, or ask the operator.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request came too slowly',
    retry: 'same',
    help: 'The body stalled for longer than allowed. Send it again over a better connection.',
  },
  'store-unavailable': {
    status: 503,
    title: 'The storage does not answer',
    retry: 'later',
    help: 'The state or media store failed or timed out. The request may be repeated; with an Idempotency-Key it is safe.',
  },
  'queue-unavailable': {
    status: 503,
    title: 'The queue does not answer',
    retry: 'later',
    help: 'The queue failed or timed out. Nothing is lost: the record is the truth and the sweep rings again.',
  },
  'shutting-down': {
    status: 503,
    title: 'This server is stopping',
    retry: 'same',
    help: 'Repeat the request; another instance or the restarted one will answer it.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong in Reelmill',
    retry: 'later',
    help: 'This is a defect. Report it with the requestId; the log has the details under it.',
  },
  'store-unsafe': {
    status: 503,
    title: 'The storage does not keep the promises that Reelmill needs',
    retry: 'never',
    help: 'A probe of `npm run doctor` failed: the store ignores conditions or races. Use a store or version that passes.',
  },
  'configuration-invalid': {
    title: 'The configuration is not valid',
    retry: 'changed',
    help: 'The service did not start. Each problem is listed with its variable; correct them all and start again.',
  },

  // Jobs: what is wrong with the input
  'input-missing': {
    title: 'The input is not in the store',
    retry: 'changed',
    help: 'The object was deleted, or its upload expired, before the job ran. Upload it again.',
  },
  'input-empty': {
    title: 'The input has no bytes',
    retry: 'changed',
    help: 'Upload a movie that is not empty.',
  },
  'input-not-media': {
    title: 'The input is not a movie that can be read',
    retry: 'changed',
    help: 'No allowed container was recognised in it. Check that the file plays, and its format against the list of containers.',
  },
  'input-format-not-allowed': {
    title: "The input's container is not allowed",
    retry: 'changed',
    help: 'Playlists, scripts and pictures are refused because they can point elsewhere. Send a single movie or sound file.',
  },
  'input-codec-not-allowed': {
    title: "The input's codec is not allowed",
    retry: 'changed',
    help: 'The decoder that this stream needs is not on the allow-list. Convert the stream to a common codec first.',
  },
  'input-truncated': {
    title: 'The input is cut short',
    retry: 'changed',
    help: 'The file ends before its own index says it should (for an MP4, the moov atom may be missing). Upload it whole.',
  },
  'input-damaged': {
    title: 'The input is damaged',
    retry: 'changed',
    help: 'Parts of it cannot be decoded. `details` says what and where. Upload an intact copy, or allow damage by the preset.',
  },
  'input-no-video': {
    title: 'The input has no video stream',
    retry: 'changed',
    help: 'A requested output needs a picture. Use an audio preset, or an input with video.',
  },
  'input-no-audio': {
    title: 'The input has no audio stream',
    retry: 'changed',
    help: 'A requested output is sound only. Use a video preset, or an input with sound.',
  },
  'input-no-duration': {
    title: 'The input has no duration',
    retry: 'changed',
    help: 'It is zero seconds long or a single picture. Send a movie with at least one frame of duration.',
  },
  'input-too-large': {
    title: 'The input exceeds a limit',
    retry: 'changed',
    help: 'Its bytes, picture size, length or number of streams is over a limit; `details` says which.',
  },
  // Jobs: what went wrong while running
  'encode-failed': {
    title: 'ffmpeg failed',
    retry: 'later',
    help: '`details` holds the end of its log. If a repeat fails as well, the input is the likely cause.',
  },
  'encode-stalled': {
    title: 'ffmpeg made no progress and was stopped',
    retry: 'later',
    help: 'Nothing moved for the configured time. If it happens again with this input, the input is the likely cause.',
  },
  'encode-timeout': {
    title: 'The encode took longer than allowed',
    retry: 'changed',
    help: 'It exceeded the limit on run time. Use a faster preset, a shorter input, or raise the limit.',
  },
  'output-too-large': {
    title: 'An output grew beyond its limit',
    retry: 'changed',
    help: 'The encoded file exceeded the limit on size. Lower the bitrate or raise the limit.',
  },
  'output-verification-failed': {
    title: 'An output is not what was asked for',
    retry: 'later',
    help: 'The output was probed and differs from the plan; `details` names each check. Nothing was published.',
  },
  'disk-full': {
    title: "The worker's disk is full",
    retry: 'later',
    help: 'The workspace ran out of its quota or of disk. Give workers more space or send smaller inputs.',
  },
  'worker-lost': {
    title: 'The worker was lost three times',
    retry: 'later',
    help: 'Three workers died while running this job. Memory is the usual reason: look at their logs, then retry.',
  },
  'too-many-interruptions': {
    title: 'The job was interrupted too often',
    retry: 'later',
    help: 'Workers were taken away (scale-in, spot) too many times. Retry it when capacity is steadier.',
  },
  'job-timeout': {
    title: 'The job did not end in its time',
    retry: 'later',
    help: 'It waited or ran longer than the longest life of a job. Check that workers run, then retry.',
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorCatalogue
