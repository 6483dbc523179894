/** SQS's errors in its JSON protocol, with the names that the older query protocol has for them. */
const queryNames = {
  AccessDenied: 'AccessDenied',
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  InternalError: 'InternalFailure',
  InvalidAttributeName: 'InvalidAttributeName',
  InvalidAttributeValue: 'InvalidAttributeValue',
  InvalidClientTokenId: 'InvalidClientTokenId',
  InvalidParameterValue: 'InvalidParameterValue',
  MessageNotInflight: 'AWS.SimpleQueueService.MessageNotInflight',
  MissingParameter: 'MissingParameter',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueNameExists: 'QueueAlreadyExists',
  ReceiptHandleIsInvalid: 'ReceiptHandleIsInvalid',
  RequestThrottled: 'RequestThrottled',
  SignatureDoesNotMatch: 'SignatureDoesNotMatch',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
  UnsupportedOperation: 'AWS.SimpleQueueService.UnsupportedOperation',
} as const

export type SqsErrorCode = keyof typeof queryNames

/** A refusal as SQS spells it. As with S3Error, the codes are the protocol's, not ours. */
export class SqsError extends Error {
  override readonly name = 'SqsError'
  readonly code: SqsErrorCode
  readonly status: number

  constructor(code: SqsErrorCode, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }

  /** For `x-amzn-query-error`, by which SDKs keep the names that programs know from before. */
  get queryError(): string {
    return `${queryNames[this.code]};${this.status < 500 ? 'Sender' : 'Receiver'}`
  }
}
