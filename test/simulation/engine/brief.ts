/** What a record says, in few words, for the story of a run. */
export function brief(key: string, body: string): string {
  if (body === '') return ''
  const record = JSON.parse(body) as Readonly<Record<string, unknown>>
  switch (key.split('/')[0]) {
    case 'j': {
      if (record.kind === 'tombstone') return '(tombstone)'
      const { status, fence, lease, cancelRequestedAt, delivery } = record as {
        status?: string
        fence?: number
        lease?: { id: string }
        cancelRequestedAt?: string
        delivery?: { status: string }
      }
      const wish = cancelRequestedAt ? ', cancel wish' : ''
      return `(${status}, fence ${fence}, lease ${short(lease?.id)}${wish}, delivery ${delivery?.status})`
    }
    case 'w':
      return `(${record.state}, lease ${short(record.leaseId)}, seq ${record.seq})`
    case 'fleet':
      return `(${record.owner}, epoch ${record.epoch}, intents ${JSON.stringify(intentsOf(record.intents))})`
    case 'u':
      return `(${record.state ?? record.kind}, keep until ${record.keepUntil})`
    case 'idem':
      return `(${record.id})`
    default:
      return ''
  }
}

const short = (id: unknown): string => (typeof id === 'string' ? id.slice(0, 6) : 'none')

const intentsOf = (intents: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries((intents ?? {}) as Record<string, { state: string }>).map(([id, { state }]) => [
      id,
      state,
    ]),
  )
