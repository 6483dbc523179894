import manifest from '../package.json' with { type: 'json' }

/** The version of Reelmill that this code is. */
export const release: string = manifest.version
