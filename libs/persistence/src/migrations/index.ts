import { Spine20261122020000 } from './20261122020000-spine.js';

/** In order; frozen once released. */
export const migrations = [{ name: 'Spine20261122020000', class: Spine20261122020000 }];
