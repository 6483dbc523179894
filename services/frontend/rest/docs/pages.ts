import type { ErrorEntry } from '#shared/error-codes.ts'

/** The page that holds the API reference; its scripts are served beside it. */
export const referencePage = page(
  'Reelmill API',
  '<div id="reference"></div><script src="/docs/scalar.js"></script><script src="/docs/start.js"></script>',
)

/** One error code, explained. */
export function errorPage(error: ErrorEntry & { readonly code: string }): string {
  const status = error.status === undefined ? 'only in jobs' : `HTTP ${error.status}`
  return page(
    `${error.code} - Reelmill`,
    `<main class="text">
<p><a href="/errors">All error codes</a></p>
<h1>${escaped(error.title)}</h1>
<p><code>${escaped(error.code)}</code> &middot; ${status} &middot; trying again: ${retryText[error.retry]}</p>
<p>${escaped(error.help)}</p>
</main>`,
  )
}

/** All error codes. */
export function errorListPage(errors: readonly (ErrorEntry & { readonly code: string })[]): string {
  const rows = errors.map(
    ({ code, title, status }) =>
      `<tr><td><a href="/errors/${code}"><code>${code}</code></a></td><td>${status ?? ''}</td><td>${escaped(title)}</td></tr>`,
  )
  return page(
    'Error codes - Reelmill',
    `<main class="text"><h1>Error codes</h1><table><thead><tr><th>Code</th><th>HTTP</th><th>Meaning</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></main>`,
  )
}

const retryText = {
  never: 'does not help',
  same: 'helps, with the same request at once',
  later: 'helps, later',
  changed: 'helps with a changed request',
} as const

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; }
main.text { max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
.text table { border-collapse: collapse; width: 100%; }
.text th, .text td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
</style>
</head>
<body>
${body}
</body>
</html>
`
}

// A function, not a constant: pages above are made while this module loads.
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
