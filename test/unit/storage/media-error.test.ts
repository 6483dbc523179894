import assert from 'node:assert/strict'
import { S3ServiceException } from '@aws-sdk/client-s3'
import { toMediaError } from '#shared/storage/media-error.ts'

const refused = (name: string) =>
  toMediaError(
    new S3ServiceException({ name, $fault: 'client', $metadata: { httpStatusCode: 403 }, message: name }),
    'read',
    'media',
    'in/key',
  )

describe('an error of the media store', () => {
  it('that is about credentials is none that waiting mends', () => {
    const { code, retry, message } = refused('SignatureDoesNotMatch')
    assert.deepEqual([code, retry], ['store-unavailable', 'changed'])
    assert.match(message, /Check the credentials/)
  })

  it('that is about a clock that was set passes', () => {
    const { code, retry, message } = refused('RequestTimeTooSkewed')
    assert.deepEqual([code, retry], ['store-unavailable', 'later'])
    assert.doesNotMatch(message, /credentials/)
  })
})
