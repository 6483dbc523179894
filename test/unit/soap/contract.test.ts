import assert from 'node:assert/strict'
import { z } from 'zod'
import { preset } from '#shared/presets/preset.ts'
import { createJob } from '../../../services/frontend/shapes/create-job.ts'
import { createUpload } from '../../../services/frontend/shapes/create-upload.ts'
import { job } from '../../../services/frontend/shapes/job.ts'
import { upload } from '../../../services/frontend/shapes/upload.ts'
import type { Field, FieldType } from '../../../services/frontend/soap/contract/field.ts'
import { fieldsLeftOut, onlyInSoap } from '../../../services/frontend/soap/contract/left-out.ts'
import {
  binaryFieldOf,
  findOperation,
  operations,
} from '../../../services/frontend/soap/contract/operations.ts'
import { complexTypes, fieldsOf } from '../../../services/frontend/soap/contract/types.ts'
import { wsdlDocument } from '../../../services/frontend/soap/contract/wsdl.ts'

const requestOf = (name: string) => findOperation(name)?.request ?? []

describe('The SOAP contract', () => {
  const compared = new Set<string>()
  const leftOut = new Set<string>()

  /** Goes through a REST shape and its mirror together. `only` are fields that the operation has beside the shape. */
  function compare(
    shape: z.ZodType,
    fields: readonly Field[],
    where: string,
    only: readonly string[] = [],
  ): void {
    const object = bare(shape).type
    assert.ok(object instanceof z.ZodObject, `${where} is an object in REST`)
    const inSoap = new Map(fields.map((field) => [field.rest, field]))
    for (const [name, schema] of Object.entries(object.shape as Record<string, z.ZodType>)) {
      const what = `${where}.${name}`
      const field = inSoap.get(name)
      inSoap.delete(name)
      if (fieldsLeftOut.some((difference) => difference.what === what)) {
        assert.equal(field, undefined, `${what} is listed as left out`)
        leftOut.add(what)
        continue
      }
      assert.ok(field, `${what} is missing in SOAP, and not listed as left out`)
      const { type, optional } = bare(schema)
      assert.equal(field.required, !optional, `${what} is required in both or in neither`)
      compareType(type, field.type, what)
    }
    for (const name of only) inSoap.delete(name)
    assert.deepEqual([...inSoap.keys()], [], `${where} has fields that REST lacks`)
  }

  function compareType(schema: z.ZodType, type: FieldType, what: string): void {
    if (schema instanceof z.ZodArray) {
      assert.equal(type.kind, 'list', what)
      if (type.kind === 'list') compareType(bare(schema.element as z.ZodType).type, type.item, what)
    } else if (schema instanceof z.ZodRecord) assert.equal(type.kind, 'map', what)
    else if (schema instanceof z.ZodObject) {
      assert.equal(type.kind, 'type', what)
      if (type.kind !== 'type' || compared.has(type.type)) return
      compared.add(type.type)
      compare(schema, fieldsOf(type.type), type.type)
    } else {
      const xsd = type.kind === 'simple' ? type.xsd : type.kind
      if (schema instanceof z.ZodBoolean) assert.equal(xsd, 'boolean', what)
      else if (schema instanceof z.ZodNumber) {
        const whole = schema.format === 'safeint'
        assert.ok((whole ? ['int', 'long'] : ['double']).includes(xsd), `${what} is ${xsd}`)
      } else if (schema instanceof z.ZodISODateTime) assert.equal(xsd, 'dateTime', what)
      else if (schema instanceof z.ZodLiteral) assert.equal(xsd, 'int', what)
      else assert.equal(xsd, 'string', what)
    }
  }

  it('mirrors the shapes of REST, but for what is written down with a reason', () => {
    for (const [shape, type] of [
      [job, 'Job'],
      [upload, 'Upload'],
      [preset, 'Preset'],
    ] as const) {
      compared.add(type)
      compare(shape, fieldsOf(type), type)
    }
    compare(createJob, requestOf('SubmitJob'), 'SubmitJob', ['idempotencyKey'])
    compare(createUpload, requestOf('BeginUpload'), 'BeginUpload', ['idempotencyKey'])
    assert.deepEqual(
      [...leftOut].sort(),
      fieldsLeftOut.map(({ what }) => what).sort(),
      'nothing is listed in vain',
    )
    const pages = ['JobPage']
    const unseen = complexTypes
      .map(({ name }) => name)
      .filter((name) => !compared.has(name) && !pages.includes(name))
    assert.deepEqual(
      unseen,
      onlyInSoap.map(({ what }) => what).filter((what) => what !== 'Entry'),
    )
  })

  it('asks of UploadMovie what a job and an upload ask', () => {
    const names = new Set(requestOf('UploadMovie').map(({ rest }) => rest))
    for (const { rest } of [...requestOf('SubmitJob'), ...requestOf('BeginUpload')])
      assert.ok(names.has(rest) || rest === 'inputs' || rest === 'outputs', rest)
  })

  it('keeps the rules that every generator needs', () => {
    const names = new Set(complexTypes.map(({ name }) => name))
    for (const operation of operations) {
      const { name, request, response } = operation
      assert.ok(
        !request.some((field) => field.name === response.name),
        `${name}: ${response.name} would become INOUT`,
      )
      assert.ok(
        !operations.some((other) => other.name === `Begin${name}` || other.name === `End${name}`),
        `${name}: ASMX makes Begin and End methods`,
      )
      const binary = binaryFieldOf(operation)
      if (binary) assert.equal(request.at(-1), binary, `${name}: the movie is last`)
      assert.ok(!names.has(name), `${name} is the name of a type, too`)
    }
    for (const { name, fields } of complexTypes) {
      assert.equal(new Set(fields.map((field) => field.name)).size, fields.length, name)
      assert.ok(!fields.some((field) => field.name === name), `${name}: C# has no member named as its class`)
    }
    const wsdl = wsdlDocument('http://localhost/soap', 'both')
    assert.ok(!/nillable|xs:choice|xs:attribute/.test(wsdl))
    assert.ok(!wsdlDocument('http://localhost/soap', '1.1').includes('soap12'))
  })

  it('escapes the address', () => {
    assert.ok(
      wsdlDocument('http://h/soap?a=1&b="', 'both').includes('location="http://h/soap?a=1&amp;b=&quot;"'),
    )
  })
})

function bare(schema: z.ZodType): { type: z.ZodType; optional: boolean } {
  let type = schema
  let optional = false
  while (type instanceof z.ZodOptional || type instanceof z.ZodDefault) {
    optional = true
    type = type.unwrap() as z.ZodType
  }
  return { type, optional }
}
