import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'

const root = fileURLToPath(new URL('..', import.meta.url))
const BEGIN = '<!-- configuration: written by `npm run docs:configuration` -->'
const END = '<!-- end of configuration -->'

/**
 * The README's table of environment variables, made from the services' zod schemas: the names, the defaults, and
 * as the meaning the comment that stands above the variable in its schema. Throws when a variable has none.
 */
export async function configurationTable(): Promise<string> {
  const comments = variableComments()
  const rows = new Map<string, { services: string[]; usual: string; meaning: string }>()
  for (const service of services()) {
    const schema = await schemaOf(service)
    for (const [name, field] of Object.entries(schema.shape)) {
      const row = rows.get(name)
      if (row) {
        row.services.push(service)
        continue
      }
      const meaning = comments.get(name)
      if (!meaning)
        throw new Error(`${name} has no comment above it in a config file: say what it means there.`)
      rows.set(name, { services: [service], usual: usualValue(name, field), meaning })
    }
  }
  const lines = [...rows].map(
    ([name, { services: readers, usual, meaning }]) =>
      `| \`${name}\` | ${readers.length === services().length ? 'all' : readers.join(', ')} | ${usual} | ${meaning} |`,
  )
  return ['| variable | read by | default | meaning |', '|---|---|---|---|', ...lines].join('\n')
}

/** The part of a Markdown text between the markers, and the text with another one in its place. */
export const currentTable = (markdown: string): string =>
  markdown.slice(markdown.indexOf(BEGIN) + BEGIN.length, markdown.indexOf(END)).trim()
const withTable = (markdown: string, table: string): string =>
  `${markdown.slice(0, markdown.indexOf(BEGIN) + BEGIN.length)}\n${table}\n${markdown.slice(markdown.indexOf(END))}`

const services = (): string[] =>
  readdirSync(path.join(root, 'services'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()

async function schemaOf(service: string): Promise<z.ZodObject> {
  const module = await import(`../services/${service}/config.ts`)
  return module[`${service}Config`]
}

/** `NAME: ...` with the comment before it, in every config file. */
function variableComments(): Map<string, string> {
  const files = [
    ...services().map((service) => `services/${service}/config.ts`),
    ...readdirSync(path.join(root, 'shared'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('-config.ts'))
      .map((file) => `shared/${file}`),
  ]
  const comments = new Map<string, string>()
  for (const file of files) {
    const text = readFileSync(path.join(root, file), 'utf8')
    for (const [, comment = '', name = ''] of text.matchAll(
      /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*([A-Z][A-Z0-9_]+):/g,
    )) {
      comments.set(
        name,
        comment
          .replace(/\s*\n\s*\*\s*/g, ' ')
          .trim()
          .replaceAll('|', '\\|'),
      )
    }
  }
  return comments
}

/** A default as somebody would write it into the environment. */
function usualValue(name: string, field: z.core.$ZodType): string {
  const { data: value } = (field as z.ZodType).safeParse(undefined)
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ''
  if (typeof value === 'number') return `\`${numberAsWritten(name, value)}\``
  return `\`${Array.isArray(value) ? value.join(',') : portable(String(value))}\``
}

function numberAsWritten(name: string, value: number): string {
  if (name.endsWith('_SEC')) return String(value / 1000)
  for (const [unit, size] of [
    ['TiB', 2 ** 40],
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
  ] as const)
    if (value >= size && value % size === 0) return `${value / size}${unit}`
  return String(value)
}

/** The folder for temporary files is another on every machine. */
const portable = (text: string): string => text.replace(/^(\/tmp|\/var\/folders\/.*\/T)(?=\/)/, '$TMPDIR')

if (import.meta.main) {
  const readme = path.join(root, 'README.md')
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), await configurationTable()))
}
