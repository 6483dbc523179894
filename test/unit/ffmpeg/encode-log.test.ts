import assert from 'node:assert/strict'
import { EncodeLog } from '../../../services/worker/ffmpeg/encode-log.ts'

const read = (...lines: readonly string[]) => {
  const log = new EncodeLog()
  const progress = lines.map((line) => log.read(line)).filter((report) => report !== undefined)
  return { log, progress }
}

describe("ffmpeg's log", () => {
  it('gives progress once a report is complete', () => {
    const { log, progress } = read(
      ...['frame=50', 'fps=0.00', 'stream_0_0_q=-1.0', 'bitrate= 153.3kbits/s', 'total_size=38428'],
      ...['out_time_us=2005333', 'dup_frames=1', 'drop_frames=2', 'speed=7.97x', 'progress=end'],
    )
    assert.deepEqual(progress, [{ outTimeSec: 2.005333, frame: 50, totalBytes: 38428 }])
    assert.deepEqual([log.finished, log.droppedFrames, log.duplicatedFrames], [true, 2, 1])
  })

  it('leaves out of progress what ffmpeg does not know yet', () => {
    const { progress } = read('out_time_us=N/A', 'total_size=N/A', 'speed=N/A', 'progress=continue')
    assert.deepEqual(progress, [{}])
  })

  it('tells the speed only once it means something, and without the head start of the first second', () => {
    // Sound runs ahead while the look-ahead fills; from then on two seconds of movie are made each second.
    const reports = [
      [0.2, 0.005],
      [3, 0.5],
      [4, 1],
      [6, 2],
      [8, 3],
      [14, 6],
    ] as const
    const { progress } = read(
      ...reports.flatMap(([outTimeSec, elapsedSec]) => [
        `out_time_us=${outTimeSec * 1e6}`,
        `speed=${outTimeSec / elapsedSec}x`,
        'progress=continue',
      ]),
    )
    assert.deepEqual(
      progress.map(({ speed }) => speed),
      [undefined, undefined, undefined, undefined, 2, 2],
    )
  })

  it('tells no speed of an encode that stands still', () => {
    const still = ['out_time_us=1000000', 'progress=continue']
    const { progress } = read(
      ...['speed=1x', ...still],
      ...['speed=0.25x', ...still],
      ...['speed=0x', ...still],
    )
    assert.deepEqual(
      progress.map(({ speed }) => speed),
      [undefined, undefined, undefined],
    )
  })

  it('keeps the account of packets and frames, of ffmpeg 5 and 7', () => {
    const { log } = read(
      '[verbose]   Input stream #0:0 (video): 50 packets read (55457 bytes); 50 frames decoded; ',
      '[in#0/mov @ 0x55] [verbose]   Input stream #0:1 (audio): 95 packets read (17671 bytes); 94 frames decoded; 0 decode errors (96256 samples); ',
      '[verbose]   Output stream #0:0 (video): 49 frames encoded; 48 packets muxed (17843 bytes); ',
      '[verbose]   Output stream #1:1 (audio): 94 frames encoded (96256 samples); 95 packets muxed (17694 bytes); ',
      '[info] bench: utime=0.198s stime=0.062s rtime=0.258s',
      '[info] bench: maxrss=92044kB',
    )
    assert.deepEqual(log.inputs, [
      { stream: 0, type: 'video', packetsRead: 50, framesDecoded: 50 },
      { stream: 1, type: 'audio', packetsRead: 95, framesDecoded: 94 },
    ])
    assert.deepEqual(log.outputs, [
      { file: 0, stream: 0, type: 'video', framesEncoded: 49, packetsMuxed: 48 },
      { file: 1, stream: 1, type: 'audio', framesEncoded: 94, packetsMuxed: 95 },
    ])
    assert.equal(log.cpuSec, 0.26)
    assert.equal(log.maxRssBytes, 92044 * 1024)
    assert.deepEqual(log.complaints, [])
  })

  it('counts complaints of one kind together, however their numbers differ', () => {
    const { log } = read(
      '[h264 @ 0x559a] [error] error while decoding MB 3 7, bytestream -5',
      '[h264 @ 0x66bb] [error] error while decoding MB 12 40, bytestream -17',
      '    Last message repeated 3 times',
      '[info] Stream mapping:',
      '    Last message repeated 9 times',
      '[h264 @ 0x1] [IMGUTILS @ 0x2] [error] Picture size 9x9 is invalid',
      '[warning] something else',
    )
    assert.deepEqual(log.complaints, [
      { level: 'error', source: 'h264', text: 'error while decoding MB 3 7, bytestream -5', count: 5 },
      { level: 'error', source: 'IMGUTILS', text: 'Picture size 9x9 is invalid', count: 1 },
      { level: 'warning', text: 'something else', count: 1 },
    ])
  })

  it('stays small whatever comes', () => {
    const log = new EncodeLog()
    const word = (i: number) => String.fromCharCode(...[...String(i)].map((digit) => 97 + Number(digit)))
    for (let i = 0; i < 5_000; i++) {
      log.read(`[error] ${word(i)} ${'x'.repeat(2_000)}`)
      log.read(`${word(i)}=${i}`)
    }
    assert.ok(log.complaints.length <= 200)
    assert.ok(log.complaints.every(({ text }) => text.length <= 500))
    assert.ok(log.tail.length < 20_000)
  })
})
