import { systemClock } from '#shared/clock.ts'
import { MemoryBellQueue } from '#shared/queue/memory-bell-queue.ts'
import { bellQueueContract } from './bell-queue-contract.ts'

bellQueueContract('in memory', async () => new MemoryBellQueue({ clock: systemClock }))
