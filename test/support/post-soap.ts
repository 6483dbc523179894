import { basicAuthorization } from '../../scripts/stack/basic-authorization.ts'

/** Posts `body`, a whole envelope or a multipart message around one, to a frontend as the owner of `key`. */
export function postSoap(
  { url, key }: { readonly url: string; readonly key: string },
  body: string,
  contentType = 'text/xml; charset=utf-8',
): Promise<Response> {
  return fetch(`${url}/soap`, {
    method: 'POST',
    headers: { 'content-type': contentType, authorization: basicAuthorization(key) },
    body,
  })
}
