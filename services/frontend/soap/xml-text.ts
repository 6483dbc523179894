// What XML 1.0 has no place for, not even as a reference; and lone surrogates, which are no characters at all.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/**
 * Text for the content of an element. Characters that XML forbids become U+FFFD: a job's metadata may hold any
 * Unicode, and one of those would make the whole answer unreadable.
 */
export const xmlText = (text: string): string =>
  text
    .toWellFormed()
    .replace(FORBIDDEN, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    // A parser turns a bare carriage return into a line feed.
    .replaceAll('\r', '&#13;')

/** Text for an attribute's value in double quotes. */
export const xmlAttribute = (text: string): string =>
  xmlText(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')
