import { z } from 'zod'
import { storesConfig } from '#shared/aws/stores-config.ts'
import { bytes, flag, integer, seconds } from '#shared/config.ts'
import { timesConfig } from '#shared/jobs/times-config.ts'
import { defaultLimits, type Limits } from './operations/limits.ts'
import { defaultSoapLimits, type SoapLimits } from './soap/soap-limits.ts'

/** Every variable that the frontend reads. */
export const frontendConfig = z.object({
  ...storesConfig.shape,
  ...timesConfig.shape,
  REELMILL_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** On loopback only, unless told otherwise. */
  REELMILL_HOST: z.string().default('127.0.0.1'),
  REELMILL_PORT: integer(0, 65_535).default(8080),
  /** Where clients reach the frontend, if it is not where it listens: URLs in answers begin with it. */
  REELMILL_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL such as https://reelmill.example' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  REELMILL_TRUST_PROXY: flag().default(false),
  REELMILL_METRICS_PUBLIC: flag().default(false),
  REELMILL_WEBHOOKS_ALLOW_PRIVATE: flag().default(false),
  /** A first key is made and written there when there is none: the embedded default. */
  REELMILL_FIRST_KEY_FILE: z.string().optional(),
  /**
   * 32 bytes in base 64, under which the secrets of SOAP users for PasswordDigest are sealed; without it there are
   * none.
   */
  REELMILL_SECRETS_KEY: z.string().optional(),
  REELMILL_MAX_UPLOAD: bytes().default(defaultLimits.maxUploadBytes),
  REELMILL_MAX_BODY: bytes().default(defaultLimits.maxBodyBytes),
  REELMILL_UPLOAD_IDLE_SEC: seconds(0.1).default(defaultLimits.uploadIdleMs),
  REELMILL_READ_URL_SEC: integer(1, 604_800).default(defaultLimits.readUrlSec),
  REELMILL_PART_URL_SEC: integer(1, 604_800).default(defaultLimits.partUrlSec),
  /** Requests a minute for each key. */
  REELMILL_RATE_PER_MINUTE: integer(1).default(defaultLimits.rateRequests),
  /** Open jobs of one tenant; 0 is no limit. Near it a submit may be let in that should wait. */
  REELMILL_MAX_OPEN_JOBS: integer(0).default(defaultLimits.maxOpenJobs),
  /** The largest SOAP envelope, the movie not counted. */
  REELMILL_SOAP_ENVELOPE: bytes().default(defaultSoapLimits.envelopeBytes),
  /** How deep elements of a SOAP envelope may lie inside one another. */
  REELMILL_SOAP_DEPTH: integer(10).default(defaultSoapLimits.depth),
  /** Elements of a SOAP envelope. */
  REELMILL_SOAP_ELEMENTS: integer(100).default(defaultSoapLimits.elements),
  /** Attributes of one element of a SOAP envelope, namespace declarations counted. */
  REELMILL_SOAP_ATTRIBUTES: integer(1).default(defaultSoapLimits.attributes),
  /** Characters of a name in a SOAP envelope. */
  REELMILL_SOAP_NAME_CHARS: integer(32).default(defaultSoapLimits.nameChars),
  /** Characters of an attribute's value in a SOAP envelope. */
  REELMILL_SOAP_ATTRIBUTE_CHARS: integer(128).default(defaultSoapLimits.attributeChars),
  /** Characters of the text of one element of a SOAP envelope, the movie not counted. */
  REELMILL_SOAP_TEXT_CHARS: integer(128).default(defaultSoapLimits.textChars),
  /** Parts of an MTOM message, the envelope counted. */
  REELMILL_SOAP_PARTS: integer(2).default(defaultSoapLimits.parts),
  /** The largest headers of one part of an MTOM message. */
  REELMILL_SOAP_PART_HEADERS: bytes().default(defaultSoapLimits.partHeaderBytes),
  /** All that comes before the movie of a SOAP request must have arrived in this time. */
  REELMILL_SOAP_HEAD_SEC: seconds(0.1).default(defaultSoapLimits.headMs),
  /** A SOAP request from which nothing arrives for so long is given up. */
  REELMILL_SOAP_STALL_SEC: seconds(0.1).default(defaultSoapLimits.stallMs),
  /** How far the Created of a WS-Security token may be from this server's time, at most 25 minutes. */
  REELMILL_SOAP_CLOCK_SEC: seconds(1)
    .pipe(z.number().max(1_500_000, 'must be at most 1500 seconds'))
    .default(defaultSoapLimits.createdWindowMs),
  /** How often a watched job is looked at; up to two seconds apart where that is longer and its end is far. */
  REELMILL_WATCH_SEC: seconds(0.1).default(5_000),
  /** A revoked key still works for so long. */
  REELMILL_KEY_CACHE_SEC: seconds(0).default(3_000),
})
export type FrontendConfig = z.output<typeof frontendConfig>

/** The limits that the configuration asks for. */
export const limitsOf = (config: FrontendConfig): Limits => ({
  ...defaultLimits,
  maxUploadBytes: config.REELMILL_MAX_UPLOAD,
  maxBodyBytes: config.REELMILL_MAX_BODY,
  uploadIdleMs: config.REELMILL_UPLOAD_IDLE_SEC,
  readUrlSec: config.REELMILL_READ_URL_SEC,
  partUrlSec: config.REELMILL_PART_URL_SEC,
  rateRequests: config.REELMILL_RATE_PER_MINUTE,
  rateWindowSec: 60,
  maxOpenJobs: config.REELMILL_MAX_OPEN_JOBS,
})

/** The limits of a SOAP request that the configuration asks for. */
export const soapLimitsOf = (config: FrontendConfig): SoapLimits => ({
  envelopeBytes: config.REELMILL_SOAP_ENVELOPE,
  depth: config.REELMILL_SOAP_DEPTH,
  elements: config.REELMILL_SOAP_ELEMENTS,
  attributes: config.REELMILL_SOAP_ATTRIBUTES,
  nameChars: config.REELMILL_SOAP_NAME_CHARS,
  attributeChars: config.REELMILL_SOAP_ATTRIBUTE_CHARS,
  textChars: config.REELMILL_SOAP_TEXT_CHARS,
  parts: config.REELMILL_SOAP_PARTS,
  partHeaderBytes: config.REELMILL_SOAP_PART_HEADERS,
  headMs: config.REELMILL_SOAP_HEAD_SEC,
  stallMs: config.REELMILL_SOAP_STALL_SEC,
  createdWindowMs: config.REELMILL_SOAP_CLOCK_SEC,
})
