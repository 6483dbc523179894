import assert from 'node:assert/strict'
import { sniff } from '../../../services/worker/ffmpeg/sniff.ts'

const cases: Readonly<Record<string, readonly (string | Buffer)[]>> = {
  empty: [''],
  playlist: [
    '#EXTM3U\n#EXTINF:1,\n/etc/passwd',
    '\ufeff#EXTM3U\n',
    '\n\n  #EXTM3U\n',
    "ffconcat version 1.0\nfile '/etc/passwd'",
    "file '/etc/passwd'\n",
    '<?xml version="1.0"?><MPD/>',
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">',
    'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n',
    '[playlist]\nFile1=http://10.0.0.1/',
    ';FFMETADATA1\ntitle=x',
  ],
  picture: [
    Buffer.from('89504e470d0a1a0a0000000d', 'hex'),
    Buffer.from('ffd8ffe000104a464946', 'hex'),
    'GIF89a\u0001',
    Buffer.from('0000001c66747970686569630000', 'hex'),
    Buffer.from('0000001c66747970617669660000', 'hex'),
    Buffer.from('524946460000000057454250', 'hex'),
    'P6\n16 16\n255\n',
  ],
  document: [
    '%PDF-1.7\n',
    Buffer.from('504b0304', 'hex'),
    Buffer.from('7f454c4602', 'hex'),
    Buffer.from('1f8b08', 'hex'),
  ],
  text: ['Hello', 'Grüße aus München\n', '{"a": 1}', '#!/bin/sh\necho'],
  unknown: [
    Buffer.from('00000020667479706d703432', 'hex'),
    Buffer.from('1a45dfa3', 'hex'),
    Buffer.from('000001ba', 'hex'),
    Buffer.from('47400010', 'hex'),
    Buffer.from('524946460000000041564920', 'hex'),
    Buffer.from('0000001c66747970617669730000', 'hex'),
    Buffer.from([0xff, 0xfb, 0x90, 0x64]),
  ],
}

describe('The first bytes of a file', () => {
  for (const [kind, samples] of Object.entries(cases)) {
    it(`tell that it is ${kind}`, () => {
      for (const sample of samples)
        assert.equal(sniff(Buffer.from(sample)), kind, String(sample).slice(0, 40))
    })
  }

  it('are text even when a character is cut at their end', () => {
    assert.equal(sniff(Buffer.from('ä'.repeat(4096)).subarray(0, 4095)), 'text')
    assert.equal(sniff(Buffer.from(`a${'ä'.repeat(4096)}`).subarray(0, 4096)), 'text')
  })
})
