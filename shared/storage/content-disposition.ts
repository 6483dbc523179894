/**
 * A Content-Disposition that saves under `fileName`, whatever its characters: a plain name for old clients, and the
 * exact one in UTF-8. Source: RFC 6266, section 4.3, and RFC 8187.
 */
export function contentDisposition(fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]|["\\/%]/g, '_')
  const exact = encodeURIComponent(fileName).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`
}
