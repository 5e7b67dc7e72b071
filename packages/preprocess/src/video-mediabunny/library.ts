/** The demuxer and decoder library, handed in by whoever loaded it so that this code never imports it at start-up. */
export type Mediabunny = typeof import('mediabunny');
