/**
 * What every ffprobe that describes a file is asked for, as JSON: the fields that {@link parseProbe} reads and nothing
 * else, so that a file cannot grow the answer by what it says of itself.
 */
export const probeEntries: readonly string[] = [
  '-show_entries',
  [
    'format=format_name,size,start_time,duration,bit_rate',
    `stream=${[
      ...[
        'index',
        'codec_type',
        'codec_name',
        'profile',
        'width',
        'height',
        'pix_fmt',
        'sample_aspect_ratio',
      ],
      ...['field_order', 'color_space', 'color_transfer', 'color_primaries', 'color_range'],
      ...[
        'avg_frame_rate',
        'r_frame_rate',
        'nb_frames',
        'nb_read_packets',
        'bit_rate',
        'start_time',
        'duration',
      ],
      ...['channels', 'channel_layout', 'sample_rate'],
    ].join(',')}`,
    'stream_disposition=default,attached_pic',
    `stream_tags=language,${['DURATION', 'NUMBER_OF_FRAMES'].flatMap((tag) => [tag, tag.toLowerCase(), `${tag}-eng`]).join(',')}`,
    'stream_side_data=rotation',
  ].join(':'),
  ...['-of', 'json'],
]
