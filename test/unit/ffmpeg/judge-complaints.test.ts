import assert from 'node:assert/strict'
import type { Complaint } from '../../../services/worker/ffmpeg/encode-log.ts'
import { judgeComplaints } from '../../../services/worker/ffmpeg/judge-complaints.ts'

const verdict = (
  text: string,
  options: { source?: string; container?: string; startsMidGop?: boolean } = {},
) => {
  const complaint: Complaint = {
    level: 'error',
    text,
    count: 1,
    ...(options.source && { source: options.source }),
  }
  return judgeComplaints([complaint], {
    container: options.container ?? 'mov',
    startsMidGop: options.startsMidGop ?? false,
  })[0]?.verdict
}

/** Lines of ffmpeg 5.1, each seen with the kind of movie that its group names. */
const damage = [
  'error while decoding MB 12 40, bytestream -17',
  'concealing 119 DC, 119 AC, 119 MV errors in P frame',
  'Invalid NAL unit size (1231 > 899).',
  'Error while decoding stream #0:0: Invalid data found when processing input',
  'corrupt decoded frame in stream 0',
  'Continuity check failed for pid 256 expected 3 got 7',
  'PES packet size mismatch',
  'Header missing',
  'CRC mismatch!',
  'channel element 3.4 is not allocated',
  'Input buffer exhausted before END element found',
]

const midGop = [
  'non-existing PPS 0 referenced',
  'decode_slice_header error',
  'no frame!',
  'mmco: unref short failure',
  'Could not find ref with POC 12',
]

const benign = [
  'deprecated pixel format used, make sure you did set range correctly',
  'Output file is empty, nothing was encoded (check -ss / -t / -frames parameters if used)',
]

describe('The judgement of what ffmpeg complains about', () => {
  for (const text of damage) it(`"${text}" is damage`, () => assert.equal(verdict(text), 'damage'))
  for (const text of midGop) {
    it(`"${text}" is damage unless the movie starts between two keyframes`, () => {
      assert.equal(verdict(text), 'damage')
      assert.equal(verdict(text, { startsMidGop: true }), 'benign')
    })
  }
  for (const text of benign) it(`"${text}" is benign`, () => assert.equal(verdict(text), 'benign'))

  for (const text of ['File ended prematurely', 'stream 0, offset 0x8f5: partial file']) {
    it(`"${text}" says that the input was cut`, () => assert.equal(verdict(text), 'cut'))
  }

  it('takes half a packet for the end of a file, but for loss in a broadcast', () => {
    const text = 'Packet corrupt (stream = 0, dts = 183600).'
    assert.equal(verdict(text), 'cut')
    assert.equal(verdict(text, { container: 'mpegts' }), 'damage')
  })

  it('does not pretend to know what it does not know', () => {
    assert.equal(verdict('The moon is in the seventh house'), 'unknown')
  })

  it('sees true damage in a movie that starts between two keyframes', () => {
    assert.equal(verdict('error while decoding MB 1 1, bytestream -5', { startsMidGop: true }), 'damage')
  })
})
