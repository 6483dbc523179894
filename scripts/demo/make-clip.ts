import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What a made clip is like; a test and the demo compare their outputs with it. */
export interface ClipShape {
  readonly width: number
  readonly height: number
  readonly framesPerSecond: number
  /** Four scenes of equal length share it. */
  readonly durationSec: number
}

export const demoClip: ClipShape = { width: 1280, height: 720, framesPerSecond: 25, durationSec: 20 }

/**
 * Makes a movie to encode: four moving scenes with hard cuts between them, an arpeggio with a click on each
 * second, and a counter (seconds and frame) burned in, so that a lost or doubled frame can be seen. The counter
 * is drawn as seven segments, because there is no font that every machine has.
 *
 * One ffmpeg command, a few seconds for the demo's 20 s. Rejects with ffmpeg's own words.
 */
export async function makeClip(
  file: string,
  shape: ClipShape = demoClip,
  signal?: AbortSignal,
): Promise<void> {
  await promisify(execFile)('ffmpeg', clipArguments(file, shape), { ...(signal && { signal }) })
}

export function clipArguments(file: string, shape: ClipShape): string[] {
  const { width, height, framesPerSecond: rate, durationSec } = shape
  const sceneSec = durationSec / 4
  // Costly pictures are computed small and enlarged.
  const half = `${Math.ceil(width / 2)}x${Math.ceil(height / 2)}`
  const cells = `${Math.ceil(width / 8)}x${Math.ceil(height / 8)}`
  const ballSize = Math.ceil(height / 10)
  const scenes = [
    `gradients=s=${half}:r=${rate}:speed=0.02:seed=11:n=4:c0=0x0b3d5c:c1=0xe07a3f:c2=0x5f0f40:c3=0x1fa2a6`,
    `mandelbrot=s=${half}:r=${rate}:start_scale=1.5:end_scale=0.002:end_pts=${Math.round(rate * sceneSec)}:maxiter=400`,
    `life=s=${cells}:r=${rate}:mold=12:ratio=0.3:seed=7:death_color=0x10204a:life_color=0xffd166:mold_color=0x2a6f97`,
    `testsrc2=s=${half}:r=${rate}`,
  ]
  const inputs = scenes.flatMap((scene) => ['-f', 'lavfi', '-t', `${sceneSec}`, '-i', scene])
  const enlarged = scenes.map(
    (_, i) =>
      `[${i}:v]scale=${width}:${height}:flags=${i === 2 ? 'neighbor' : 'bilinear'},setsar=1,format=yuv420p[s${i}]`,
  )
  const joined = `${scenes.map((_, i) => `[s${i}]`).join('')}concat=n=${scenes.length}[movie]`
  const ball = `color=0xffffff@0.85:s=${ballSize}x${ballSize}:r=${rate},format=yuva420p,geq=lum=255:cb=128:cr=128:a='if(lte(hypot(X-W/2,Y-H/2),W/2-1),217,0)'[ball]`
  const moving = `[movie][ball]overlay=shortest=1:x='(W-w)*(0.5+0.5*sin(t*1.7))':y='(H*0.6-h)*abs(cos(t*2.3))+H*0.05'[moving]`
  const counted = `[moving]${counter(shape).join(',')}[picture]`
  return [
    ...['-nostdin', '-y', '-v', 'error'],
    ...inputs,
    ...['-f', 'lavfi', '-t', `${durationSec}`, '-i', music()],
    ...['-filter_complex', [...enlarged, joined, ball, moving, counted].join(';')],
    ...['-map', '[picture]', '-map', `${scenes.length}:a`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-pix_fmt', 'yuv420p', '-g', `${rate * 2}`],
    ...['-c:a', 'aac', '-b:a', '160k', '-movflags', '+faststart'],
    file,
  ]
}

/** Two notes of the series 4:5:6:7:8 that fade as they sound, left and right, and a click on each second. */
function music(): string {
  const voice = (perSecond: number, step: number) =>
    `0.22*exp(-4*mod(t,1/${perSecond}))*sin(2*PI*t*165*(1+mod(floor(t*${perSecond})*${step},5)/4))`
  const click = '0.3*exp(-60*mod(t,1))*sin(2*PI*1320*t)'
  return `aevalsrc='${voice(4, 3)}+${click}|${voice(2, 2)}+${click}':s=48000`
}

/** Which of the seven segments each digit lacks, by digit; a is the top, then clockwise, g the middle. */
const LACKING: Readonly<Record<string, readonly number[]>> = {
  a: [1, 4],
  b: [5, 6],
  c: [2],
  d: [1, 4, 7],
  e: [1, 3, 4, 5, 7, 9],
  f: [1, 2, 3, 7],
  g: [0, 1, 7],
}

/** `SS FF` at the lower left on a dark plate: seconds, then the frame within the second. */
function counter(shape: ClipShape): string[] {
  const unit = Math.max(1, Math.round(shape.height / 120))
  const [left, top] = [unit * 6, shape.height - unit * 24]
  const rate = shape.framesPerSecond
  const digits = [
    { at: 0, value: `mod(floor(n/${rate * 10}),10)` },
    { at: 10, value: `mod(floor(n/${rate}),10)` },
    { at: 24, value: `floor(mod(n,${rate})/10)` },
    { at: 34, value: `mod(mod(n,${rate}),10)` },
  ]
  const plate = box(left - unit * 2, top - unit * 2, unit * 46, unit * 20, 'black@0.6')
  return [plate, ...digits.flatMap(({ at, value }) => digit(left + at * unit, top, unit, value))]
}

function digit(left: number, top: number, unit: number, value: string): string[] {
  const segments: Record<string, readonly [x: number, y: number, width: number, height: number]> = {
    a: [1, 0, 6, 2],
    b: [6, 1, 2, 7],
    c: [6, 8, 2, 7],
    d: [1, 14, 6, 2],
    e: [0, 8, 2, 7],
    f: [0, 1, 2, 7],
    g: [1, 7, 6, 2],
  }
  return Object.entries(segments).map(([name, [x, y, width, height]]) => {
    const lacks = (LACKING[name] ?? []).map((n) => `eq(${value},${n})`).join('+')
    const drawn = box(left + x * unit, top + y * unit, width * unit, height * unit, 'white@0.95')
    return `${drawn}:enable='not(${lacks})'`
  })
}

const box = (x: number, y: number, width: number, height: number, color: string): string =>
  `drawbox=x=${x}:y=${y}:w=${width}:h=${height}:t=fill:color=${color}`
