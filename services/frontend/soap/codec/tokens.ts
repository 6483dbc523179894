/**
 * Texts that travel through strong-soap as `~0~`, `~1~` and so on. It trims, splits and rewrites some texts, and
 * nothing from outside shall reach it; so it carries tokens, and the texts themselves never change.
 */
export class Tokens {
  readonly #texts: string[] = []

  /** The token that stands for `text` from now on. */
  keep(text: string): string {
    return `~${this.#texts.push(text) - 1}~`
  }

  /** The text of a token. Throws for anything else: then the codec has changed it. */
  textOf(token: unknown): string {
    const text =
      typeof token === 'string' ? this.#texts[Number(/^~(\d+)~$/.exec(token)?.[1] ?? -1)] : undefined
    if (text === undefined) throw new Error('The SOAP codec returned a text that it was not given.')
    return text
  }

  /** `document` with each token replaced by its text, as `write` makes it. */
  restore(document: string, write: (text: string) => string): string {
    return document.replace(/~\d+~/g, (token) => write(this.textOf(token)))
  }
}
