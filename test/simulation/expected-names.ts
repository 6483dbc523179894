import { faultNames } from './engine/faults.ts'
import { stormEvents } from './profiles.ts'

/** Every transition that a run may come to. Those of jobs end with what the attempt before came to. */
const transitions = [
  'job submitted',
  'job place occupied by a tombstone',
  'job leased',
  'job succeeded after an attempt that succeeded',
  'job failed after an attempt that failed',
  'job failed after an attempt that lost',
  'job failed after an attempt that interrupted',
  'job failed for waiting too long',
  'job queued after an attempt that failed',
  'job queued after an attempt that lost',
  'job queued after an attempt that interrupted',
  'job canceled while queued',
  'job canceled after an attempt that canceled',
  'job canceled after an attempt that failed',
  'job canceled after an attempt that lost',
  'job canceled after an attempt that interrupted',
  'wish to cancel',
  'news delivered',
  'news pending',
  'news failed',
  'job buried',
  'tombstone purged',
  'worker registered',
  'worker place occupied',
  'worker idle -> busy',
  'worker busy -> idle',
  'worker idle -> draining',
  'worker draining -> drained',
  'worker idle -> drained',
  'worker idle -> condemned',
  'worker busy -> condemned',
  'worker draining -> condemned',
  'worker forgotten',
  'intent planned',
  'intent up',
  'intent given up',
  'machine terminated',
  'master took over',
]

const beyondCalls = [
  'fault slow',
  'late write applied',
  'late write refused',
  'late media call carried out',
  'store refused a write (412)',
  'webhook taken',
  'webhook failed',
  'webhook unheard',
  'webhook refused',
  'engine fails, later',
  'engine fails, never',
  'engine kills its worker',
]

/** Everything that must happen now and then for the simulation to prove anything. */
export const expectedNames: readonly string[] = [
  ...Object.entries(faultNames).flatMap(([kind, names]) => names.map((name) => `fault ${kind} ${name}`)),
  ...stormEvents.map((event) => `storm ${event}`),
  ...beyondCalls,
  ...transitions,
]
