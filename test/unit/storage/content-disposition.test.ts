import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { contentDisposition } from '#shared/storage/content-disposition.ts'

describe('the Content-Disposition of a download', () => {
  it('carries the exact name in UTF-8, and a plain one for old clients', () => {
    assert.equal(
      contentDisposition('Ferien (1).mp4'),
      `attachment; filename="Ferien (1).mp4"; filename*=UTF-8''Ferien%20%281%29.mp4`,
    )
    assert.equal(contentDisposition('日.mp4'), `attachment; filename="_.mp4"; filename*=UTF-8''%E6%97%A5.mp4`)
  })

  it('cannot be broken out of', () => {
    const header = contentDisposition('a"; filename=evil.exe\r\nx: y\\')
    assert.match(
      header,
      /^attachment; filename="a_; filename=evil\.exe__x: y_"; filename\*=UTF-8''[A-Za-z0-9%._-]+$/,
    )
  })
})
