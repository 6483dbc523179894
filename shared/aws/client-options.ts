import type { LookupFunction } from 'node:net'
import { NodeHttpHandler } from '@smithy/node-http-handler'

/** A key pair as AWS spells it. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** What every client of an AWS-like service is told by its caller. Times are milliseconds. */
export interface AwsClientOptions {
  /** Where the service answers; AWS itself when left out. */
  readonly endpoint?: string | undefined
  /** Left out: the SDK's own chain (`AWS_REGION`, profile), or `us-east-1` when the endpoint is custom. */
  readonly region?: string | undefined
  /** Left out: the SDK's default chain (variables, profile, container or instance role). */
  readonly credentials?: AwsCredentials | undefined
  /**
   * How often the SDK tries a request, 1 meaning once. State goes with 1: a repeat of a conditional write could
   * hide that the first was applied (docs/protocol.md, "The verbs").
   */
  readonly maxAttempts: number
  readonly connectTimeoutMs?: number
  /** From the first byte sent to the answer's headers; 0 is no limit, for bodies of any size. */
  readonly requestTimeoutMs?: number
  /** How long a connection may be silent in the middle of a request. */
  readonly idleTimeoutMs?: number
  /** Connections at once. */
  readonly maxSockets?: number
  /** Resolves the endpoint's host name; the doctor pins one address with it. */
  readonly lookup?: LookupFunction
}

/** The part of an SDK client's configuration that is the same for every service. */
export function awsClientConfig(options: AwsClientOptions) {
  const agent = {
    keepAlive: true,
    maxSockets: options.maxSockets ?? 64,
    ...(options.lookup && { lookup: options.lookup }),
  }
  const region = options.region ?? (options.endpoint === undefined ? undefined : 'us-east-1')
  return {
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(options.credentials === undefined ? {} : { credentials: { ...options.credentials } }),
    maxAttempts: options.maxAttempts,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: options.connectTimeoutMs ?? 3_000,
      requestTimeout: options.requestTimeoutMs ?? 0,
      // Without this the handler only logs that the time is over, and waits on.
      throwOnRequestTimeout: true,
      socketTimeout: options.idleTimeoutMs ?? 30_000,
      // Options, not agents: importing node:http as a module costs each start 30 ms (it reads every export).
      httpAgent: agent,
      httpsAgent: agent,
    }),
  }
}
