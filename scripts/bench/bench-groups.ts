import type { BenchGroup } from './bench-group.ts'
import { measureEncode } from './measure-encode.ts'
import { measureOutputs } from './measure-outputs.ts'
import { measurePuts } from './measure-puts.ts'
import { measureRequests } from './measure-requests.ts'
import { measureSoak } from './measure-soak.ts'
import { measureSoap } from './measure-soap.ts'
import { measureStarts } from './measure-starts.ts'
import { measureSubmitStorm } from './measure-submit-storm.ts'
import { measureTransfer } from './measure-transfer.ts'
import { measureVerify } from './measure-verify.ts'
import { measureViewers } from './measure-viewers.ts'

/** Every group, in the order in which they run and stand in docs/benchmarks.md. */
export const benchGroups: readonly BenchGroup[] = [
  measureEncode,
  measureOutputs,
  measureStarts,
  measureVerify,
  measureSubmitStorm,
  measureTransfer,
  measurePuts,
  measureSoap,
  measureViewers,
  measureRequests,
  measureSoak,
]
