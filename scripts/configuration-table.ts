import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { configurationMeanings } from './configuration-meanings.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const BEGIN = '<!-- configuration: written by `npm run docs:configuration` -->'
const BYTE_UNITS = [
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
] as const
const END = '<!-- end of configuration -->'

/**
 * The README's table of environment variables, made from the services' zod schemas: the names, the defaults, and as
 * the meaning the comment that stands above the variable in its schema, or else configuration-meanings.ts. Throws
 * when a variable has neither or both, or a meaning belongs to no variable.
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
      const [comment, written] = [comments.get(name), configurationMeanings[name]]
      if (comment && written)
        throw new Error(
          `${name} is explained in its schema and in configuration-meanings.ts: once is enough.`,
        )
      const meaning = comment ?? written
      if (!meaning) throw new Error(`${name} needs a comment above it in its schema that says what it means.`)
      rows.set(name, { services: [service], usual: usualValue(field, meaning), meaning })
    }
  }
  const stray = Object.keys(configurationMeanings).filter((name) => !rows.has(name))
  if (stray.length > 0)
    throw new Error(`configuration-meanings.ts explains what no service reads: ${stray.join(', ')}`)
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
    .filter((name) => existsSync(path.join(root, 'services', name, 'config.ts')))
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
      const sentence = comment
        .replace(/\s*\n\s*\*\s*/g, ' ')
        .trim()
        .replaceAll('|', '\\|')
      const known = comments.get(name)
      comments.set(name, known === undefined || known === sentence ? sentence : `${known} ${sentence}`)
    }
  }
  return comments
}

/** A default as somebody would write it into the environment; empty when there is none, or none for all machines. */
function usualValue(field: z.core.$ZodType, meaning: string): string {
  const schema = field as z.ZodType
  const { data: value } = schema.safeParse(undefined)
  if (value === undefined || meaning.includes('Default:')) return ''
  if (Array.isArray(value)) return value.length === 0 ? '' : `\`${value.join(',')}\``
  if (typeof value !== 'number') return `\`${String(value).replace(tmpdir(), '$TMPDIR')}\``
  const spellings = [
    ...BYTE_UNITS.map(([unit, size]) => `${value / size}${unit}`),
    String(value / 1000), // seconds are handed on in milliseconds
    String(value),
  ]
  return `\`${spellings.find((text) => schema.safeParse(text).data === value) ?? value}\``
}

if (import.meta.main) {
  const readme = path.join(root, 'README.md')
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), await configurationTable()))
}
