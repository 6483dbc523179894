import { operations } from '../contract/operations.ts'
import { xmlAttribute, xmlText } from '../xml-text.ts'
import { samples } from './samples.ts'

/** `GET /soap`: what a person sees who follows the address in a browser. */
export function soapPage(address: string): string {
  const url = xmlAttribute(address)
  const rows = operations
    .map(({ name, doc }) => `<tr><td><code>${name}</code></td><td>${xmlText(doc)}</td></tr>`)
    .join('\n')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Reelmill SOAP</title>
<style>
:root { color-scheme: light dark; }
body { margin: 3rem auto; max-width: 52rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
table { border-collapse: collapse; width: 100%; }
td { padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
pre { overflow-x: auto; padding: .8rem; border: 1px solid #8884; border-radius: .4rem; }
</style>
</head>
<body>
<h1>Reelmill SOAP</h1>
<p>SOAP 1.1 and 1.2, document/literal wrapped, at <code>${url}</code>. The movie goes in as MTOM or base64, of any size.
Authenticate by HTTP Basic or a WS-Security UsernameToken; the password is a key (<code>rmk_...</code>).</p>
<ul>
<li><a href="${url}?wsdl">${url}?wsdl</a> &mdash; the contract, with ports for both versions</li>
<li><a href="${url}?wsdl11">${url}?wsdl11</a> &mdash; SOAP 1.1 alone, for old generators such as Axis 1.4</li>
<li><a href="/docs">/docs</a> &mdash; the same service by REST</li>
</ul>
<h2>Operations</h2>
<table>
${rows}
</table>
<h2>From your language</h2>
${samples(address)
  .map(
    ({ title, shell, code }) =>
      `<h3>${xmlText(title)}</h3>\n${shell === undefined ? '' : `${pre(shell)}\n`}${pre(code)}`,
  )
  .join('\n')}
</body>
</html>
`
}

const pre = (text: string): string => `<pre><code>${xmlText(text)}</code></pre>`
