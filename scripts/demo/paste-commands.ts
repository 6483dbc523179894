/** What somebody can paste: three commands for REST, one call by SOAP. They need neither jq nor a SOAP library. */
export interface PasteCommands {
  /** Send a movie, follow its job, fetch what came out. */
  readonly rest: readonly string[]
  /** Asks for a job. */
  readonly soap: string
}

export function pasteCommands(service: {
  readonly url: string
  readonly soapUrl: string
  readonly keyFile: string
  readonly restJobId: string
  readonly soapJobId: string
  readonly output: string
  readonly file: string
}): PasteCommands {
  const { url, soapUrl, keyFile, restJobId, soapJobId, output, file } = service
  const key = `$(cat ${quoted(keyFile)})`
  const auth = `-H "Authorization: Bearer ${key}"`
  const envelope = `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><GetJob xmlns="urn:reelmill:v1"><JobId>${soapJobId}</JobId></GetJob></Body></Envelope>`
  return {
    rest: [
      `curl ${auth} -F preset=web-720p -F file=@movie.mov ${url}/v1/jobs`,
      `curl -N ${auth} ${url}/v1/jobs/${restJobId}/events`,
      `curl -L ${auth} -o ${quoted(file)} ${url}/v1/jobs/${restJobId}/outputs/${output}/files/${file}`,
    ],
    soap: `curl -u "any:${key}" -H 'Content-Type: text/xml' -d '${envelope}' ${soapUrl}`,
  }
}

/** As a shell takes it for one word. */
export const quoted = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
