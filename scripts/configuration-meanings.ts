/** What variables mean whose schema has no comment that says it. The README's table takes either, never both. */
export const configurationMeanings: Readonly<Record<string, string>> = {
  // Stores
  AWS_REGION: "The stores' region, with the SDK's meaning; `us-east-1` when an endpoint is set",
  AWS_ENDPOINT_URL: 'One endpoint for S3 and SQS; AWS itself when no endpoint is set',
  AWS_ENDPOINT_URL_S3:
    'Where S3 is, such as http://127.0.0.1:9000. A custom endpoint is used with path style',
  AWS_ENDPOINT_URL_SQS: 'Where SQS is',
  AWS_ACCESS_KEY_ID:
    "The key pair for the media bucket and the queue. localcloud accepts it; the others use the SDK's whole chain, so on AWS leave it out and give them a role",
  AWS_SECRET_ACCESS_KEY: 'The secret of `AWS_ACCESS_KEY_ID`',
  REELMILL_STATE_BUCKET: 'The bucket of records: jobs, uploads, workers, keys',
  REELMILL_MEDIA_BUCKET: 'The bucket of movies, in and out',
  REELMILL_QUEUE_NAME: 'The queue of bells. Its dead-letter queue has `-dead` appended',
  REELMILL_STATE_ENDPOINT_URL: 'Another S3 endpoint for the state bucket',
  REELMILL_STATE_ACCESS_KEY_ID:
    'Another key pair for the state bucket: what presigns media then cannot reach state. Set both or neither',
  REELMILL_STATE_SECRET_ACCESS_KEY: 'The secret of `REELMILL_STATE_ACCESS_KEY_ID`',
  REELMILL_CREATE_BUCKETS: 'Create buckets and queue that are missing',
  // Times
  REELMILL_LEASE_SEC: 'A lease whose worker has been silent for so long is dead. At least three heartbeats',
  REELMILL_HEARTBEAT_SEC: 'How often a worker writes its record, and with it the progress',
  REELMILL_LEASE_CHECK_SEC: 'How often a worker looks whether its job was cancelled or taken away',
  REELMILL_RING_AGAIN_SEC: 'When the sweep rings again for a job that is still queued',
  REELMILL_ORPHAN_HINT_SEC: 'When a hint without a record is taken for that of a crashed submit',
  REELMILL_JOB_LIFE_SEC: 'The longest that a job may take, queue included; its inputs are kept so long',
  REELMILL_RETENTION_SEC: 'How long an ended job and its outputs are kept',
  REELMILL_UPLOAD_LIFE_SEC: 'How long an upload that no job uses is kept',
  REELMILL_IDEMPOTENCY_LIFE_SEC: 'How long an Idempotency-Key is remembered',
  // Everybody
  REELMILL_LOG_LEVEL: '`debug`, `info`, `warn`, `error` or `silent`',
  // Frontend
  REELMILL_PORT: 'Where the frontend listens; 0 takes a free port',
  REELMILL_TRUST_PROXY: "Believe a proxy's X-Forwarded-For. Only behind one",
  REELMILL_METRICS_PUBLIC: 'Serve /metrics without a key',
  REELMILL_MAX_UPLOAD: 'The largest movie that may be uploaded',
  REELMILL_MAX_BODY: 'The largest request that is not a movie',
  REELMILL_UPLOAD_IDLE_SEC: 'An upload from which nothing arrives for so long is given up',
  REELMILL_READ_URL_SEC: 'How long a presigned URL to an output is valid',
  REELMILL_PART_URL_SEC: 'How long a presigned URL for a part of an upload is valid',
  // Localcloud
  REELMILL_LOCALCLOUD_HOST: 'Where localcloud listens',
  REELMILL_LOCALCLOUD_S3_PORT: 'The port of its S3; 0 takes a free one',
  REELMILL_LOCALCLOUD_SQS_PORT: 'The port of its SQS; 0 takes a free one',
  // Master
  REELMILL_MIN_WORKERS: 'Workers that are there even when there is nothing to do',
  REELMILL_MAX_WORKERS: "Never more workers than this. Default: half of this machine's cores",
  REELMILL_BOOT_DEADLINE_SEC: 'A launched worker that has not registered by then is given up',
  REELMILL_TICK_SEC: 'How often the master looks at queue and fleet',
  REELMILL_IDLE_TICK_SEC: 'The same when nothing is going on',
  REELMILL_TIDY_SEC: 'How often what has expired is deleted',
  REELMILL_MASTER_RENEW_SEC: 'How often the master renews its lease on the fleet',
  REELMILL_MASTER_TAKEOVER_SEC: 'Another master takes over when the lease was not renewed for so long',
  // Worker
  REELMILL_WORKSPACE: 'Where a worker puts the movie it works on and what it makes of it',
  REELMILL_JAIL: "ffmpeg's jail: `bwrap`, or `none` where every input is trusted",
  REELMILL_MAX_ATTEMPTS: 'How often a job that failed, and that another try may help, is tried',
}
