/** Remembers which nonces of WS-Security have been used, across all frontends. */
export interface NonceStore {
  /**
   * Takes a nonce; `false` when it was taken before. It is remembered at least until `untilMs` (wall time).
   * Atomic: of two that take the same one, one gets `false`.
   */
  take(nonceHash: string, untilMs: number): Promise<boolean>
}
