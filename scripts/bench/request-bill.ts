import type { CountedRequest } from './counting-proxy.ts'

/** USD a million, list prices of us-east-1: S3 Standard and standard queues of SQS. Deleting is free. */
const PER_MILLION = { writes: 5, reads: 0.4, messages: 0.4 } as const

/** How many requests of each price. */
export interface Bill {
  /** PUT, POST and LIST. */
  readonly writes: number
  /** GET and HEAD. */
  readonly reads: number
  readonly messages: number
  readonly usd: number
}

export function billOf(requests: readonly CountedRequest[]): Bill {
  const kinds = requests.map(kindOf)
  const count = (wanted: string) => kinds.filter((kind) => kind === wanted).length
  const [writes, reads, messages] = [count('writes'), count('reads'), count('messages')]
  const millionths = writes * PER_MILLION.writes + reads * PER_MILLION.reads + messages * PER_MILLION.messages
  return { writes, reads, messages, usd: millionths / 1e6 }
}

/** Whether it asks S3 for what is in a bucket. */
export const isList = ({ method, path, action }: CountedRequest): boolean =>
  action === undefined && method === 'GET' && /^\/[^/?]+\/?(\?|$)/.test(path)

function kindOf(request: CountedRequest): 'writes' | 'reads' | 'messages' | 'free' {
  if (request.action !== undefined) return 'messages'
  if (isList(request)) return 'writes'
  if (request.method === 'PUT' || request.method === 'POST') return 'writes'
  return request.method === 'GET' || request.method === 'HEAD' ? 'reads' : 'free'
}
