import type { Complaint } from './encode-log.ts'

export type Verdict = 'benign' | 'clock' | 'cut' | 'damage' | 'unknown'

export interface JudgedComplaint extends Complaint {
  readonly verdict: Verdict
}

export interface JudgeFacts {
  /** ffmpeg's name of the demuxer. */
  readonly container: string
  /** True when the input begins between two keyframes. */
  readonly startsMidGop: boolean
}

/**
 * Judges what ffmpeg complained about while it encoded. Cut means that the input ended in the middle of
 * something; damage, that something else of it was lost or invented (concealed); clock, that times overlap and were
 * moved by a little; benign is known to lose nothing; unknown is shown to the owner of the job.
 */
export const judgeComplaints = (
  complaints: readonly Complaint[],
  facts: JudgeFacts,
): readonly JudgedComplaint[] =>
  complaints.map((complaint) => ({ ...complaint, verdict: judge(complaint, facts) }))

/** True when it is about a picture whose references are missing, as after a start between two keyframes. */
export const isMissingReference = (complaint: Complaint): boolean =>
  missingReference.some((pattern) => pattern.test(complaint.text))

function judge(complaint: Complaint, facts: JudgeFacts): Verdict {
  const said = `${complaint.source ?? 'ffmpeg'}: ${complaint.text}`
  if (benign.some(({ pattern }) => pattern.test(said))) return 'benign'
  if (clock.test(said)) return 'clock'
  if (cut.test(said) || (!isBroadcast(facts.container) && partialPacket.test(said))) return 'cut'
  if (isMissingReference(complaint)) return facts.startsMidGop ? 'benign' : 'damage'
  return damage.some((pattern) => pattern.test(said)) ? 'damage' : 'unknown'
}

/** Each with the reason why nothing is lost. */
const benign: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  {
    pattern: /Output file is empty, nothing was encoded/,
    why: 'a still whose movie is all black uses its spare',
  },
  { pattern: /deprecated pixel format used/, why: 'JPEG is full range by its nature' },
  { pattern: /stream \d+, timescale not set/, why: 'cover art in MP4 has no clock' },
  { pattern: /-stream_loop|Routing option/, why: 'about the command line, which is tested' },
  { pattern: /No accelerated colorspace conversion found/, why: 'slower, not worse' },
  { pattern: /Could not find codec parameters for stream \d+ \((Subtitle|Data|Attachment)/, why: 'not used' },
  { pattern: /Unsupported codec with id \d+ for input stream/, why: 'timecode and data tracks, not used' },
  {
    pattern: /Consider increasing the value for the 'analyzeduration'/,
    why: 'advice; what is missing is checked',
  },
  { pattern: /Stream #\d+: not enough frames to estimate rate/, why: 'the rate is taken from the container' },
  { pattern: /Estimating duration from bitrate/, why: 'raw sound has no index; packets are counted' },
  { pattern: /Guessed Channel Layout/, why: 'WAV does not name its channels' },
  {
    pattern: /start time for stream \d+ is not set in estimate_timings_from_pts/,
    why: 'an empty stream, not used',
  },
  { pattern: /probed stream \d+ failed/, why: 'an empty stream, not used' },
  { pattern: /Multiple frames in a packet/, why: 'all of them are decoded' },
  {
    pattern: /MB rate \(\d+\) > level limit|DPB size .* > level limit|VBV (maxrate|bitrate|buffer)/,
    why: 'x264 on levels',
  },
  { pattern: /DTS discontinuity in stream/, why: 'a clock that jumps has a warning of its own' },
  { pattern: /Discarding ID3 tags because more suitable tags were found/, why: 'metadata is not kept' },
  {
    pattern: /Could not update timestamps for (skipped|discarded) samples/,
    why: 'priming samples at the start',
  },
]

const clock = /Non-monotonous DTS|non monotonically increasing dts|Queue input is backward in time/
const cut = /File ended prematurely|partial file/
/** Half a packet: in a broadcast some of it was lost, in a file the file ended. */
const partialPacket = /Packet corrupt|corrupt input packet/
const isBroadcast = (container: string) => container === 'mpegts' || container === 'mpeg'

/** What decoders say of pictures whose references they never got; at the start of a cut broadcast that is normal. */
const missingReference: readonly RegExp[] = [
  /non-existing [SP]PS \d+ referenced/i,
  /[SP]PS id out of range|[SP]PS \d+ does not exist/i,
  /decode_slice_header error/,
  /no frame!/,
  /mmco: unref short failure/,
  /reference picture missing|Missing reference picture|Could not find ref with POC/i,
  /number of reference frames .* exceeds max/,
  /co located POCs unavailable/,
  /Frame num gap/,
  /Invalid frame dimensions 0x0/,
  /warning: first frame is no keyframe/,
  /illegal short term buffer state detected/,
  /First slice in a frame missing/,
  /Error constructing the frame RPS/,
  /Skipping invalid undecodable NALU/,
]

/** True when the demuxer lost its way inside the file, so that what follows may be missing as well. */
export const isLostSync = (complaint: Complaint): boolean =>
  /EBML|exceeds containing master|Header missing|sync (lost|error)/i.test(complaint.text)

const damage: readonly RegExp[] = [
  // ffmpeg itself
  /Error while decoding stream|corrupt decoded frame|corrupt input packet|decode error rate .* exceeds/,
  /Invalid data found when processing input|Error while demuxing|Error during demuxing|error reading/i,
  /DTS .* out of order|timestamp discontinuity/i,
  /changing (video )?frame properties on the fly is not supported/,
  // H.264, HEVC, VP9, AV1, MPEG-2 and MPEG-4
  /error while decoding MB|concealing|cabac decode|left block unavailable|top block unavailable|out of range intra chroma/,
  /Invalid NAL unit|missing picture in access unit|slice mismatch|corrupted macroblock|P sub_mb_type|mb_type .* too large/,
  /negative number of zero coeffs|Reference \d+ >= \d+|cbp too large|dquant out of range|ref \d+ overflow|mvd|invalid mb type/i,
  /ac-tex damaged|skip with damaged|invalid cbp|00 motion_type|slice below image|Missing picture start code|marker (bit )?missing/i,
  /truncated|incomplete frame|Not enough data|partial file|premature|end of file|ended prematurely|unexpected end/i,
  /Invalid (level prefix|partition|new backstep|frame header|pictute|buffer size)|illegal|overread|bitstream|damaged/i,
  /CRC (mismatch|error)|checksum|header missing|Header missing|sync (lost|error)/i,
  // Sound
  /Error decoding AAC|channel element \d+\.\d+ is not allocated|Number of (bands|scalefactor bands)|Reserved bit set|Input buffer exhausted/,
  /Prediction is not allowed|invalid band type|Pulse (tool|data)|ms_present|Gain control|Sample rate index|Too large remapped id|SBR/i,
  /expected .* got|incomplete|invalid|Error decoding|decoding error|exceeds/i,
  // Containers
  /Found duplicated MOOV Atom|Error splitting the input into NAL units|Error at MB|marker does not match f_code/,
  /Packet corrupt|Continuity check failed|PES packet size mismatch|Packet mismatch/,
  /Element at 0x|exceeds containing master|EBML|Read error|stream \d+, offset|contradictionary STSC|overflow|concatenated/i,
]
