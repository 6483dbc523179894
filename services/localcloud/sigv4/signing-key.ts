import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

/** What a signature is valid for, besides the request: `20130524/us-east-1/s3/aws4_request`. */
export interface CredentialScope {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
}

export const scopeText = ({ date, region, service }: CredentialScope): string =>
  `${date}/${region}/${service}/aws4_request`

/** Derives signing keys, and remembers the last ones: four HMACs a request would be most of the work of a check. */
export class SigningKeys {
  readonly #known = new Map<string, KeyObject>()

  keyFor(secretAccessKey: string, scope: CredentialScope): KeyObject {
    const name = `${scope.accessKeyId}/${scopeText(scope)}`
    const known = this.#known.get(name)
    if (known) return known
    const day = hmac(`AWS4${secretAccessKey}`, scope.date)
    const key = createSecretKey(hmac(hmac(hmac(day, scope.region), scope.service), 'aws4_request'))
    if (this.#known.size >= 64) this.#known.clear()
    this.#known.set(name, key)
    return key
  }
}

export const hmac = (key: string | Buffer | KeyObject, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest()
