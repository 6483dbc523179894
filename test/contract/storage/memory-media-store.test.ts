import { MemoryMediaStore } from '../../support/memory-media-store.ts'
import { mediaStoreContract } from './media-store-contract.ts'

mediaStoreContract('in memory', async () => new MemoryMediaStore())
