/** Three commands that somebody can paste: send a movie, follow its job, fetch what came out. They need no jq. */
export function pasteCommands(service: {
  readonly url: string
  readonly keyFile: string
  readonly jobId: string
  readonly output: string
  readonly file: string
}): string[] {
  const { url, keyFile, jobId, output, file } = service
  const auth = `-H "Authorization: Bearer $(cat ${quoted(keyFile)})"`
  return [
    `curl ${auth} -F preset=web-720p -F file=@movie.mov ${url}/v1/jobs`,
    `curl -N ${auth} ${url}/v1/jobs/${jobId}/events`,
    `curl -L ${auth} -o ${quoted(file)} ${url}/v1/jobs/${jobId}/outputs/${output}/files/${file}`,
  ]
}

const quoted = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
