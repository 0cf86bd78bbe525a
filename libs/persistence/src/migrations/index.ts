import { Spine20261122020000 } from './20261122020000-spine.js';
import { Fairness20261124210400 } from './20261124210400-fairness.js';
import { Reservations20261124210500 } from './20261124210500-reservations.js';
import { Placement20261124210600 } from './20261124210600-placement.js';
import { Promises20261124210700 } from './20261124210700-promises.js';
import { Policy20261124210800 } from './20261124210800-policy.js';
import { Preemption20261124210900 } from './20261124210900-preemption.js';
import { Staging20261124211000 } from './20261124211000-staging.js';
import { SharedCards20261124211100 } from './20261124211100-shared-cards.js';
import { Replay20261124211200 } from './20261124211200-replay.js';

/** In order; frozen once released. */
export const migrations = [
  { name: 'Spine20261122020000', class: Spine20261122020000 },
  { name: 'Fairness20261124210400', class: Fairness20261124210400 },
  { name: 'Reservations20261124210500', class: Reservations20261124210500 },
  { name: 'Placement20261124210600', class: Placement20261124210600 },
  { name: 'Promises20261124210700', class: Promises20261124210700 },
  { name: 'Policy20261124210800', class: Policy20261124210800 },
  { name: 'Preemption20261124210900', class: Preemption20261124210900 },
  { name: 'Staging20261124211000', class: Staging20261124211000 },
  { name: 'SharedCards20261124211100', class: SharedCards20261124211100 },
  { name: 'Replay20261124211200', class: Replay20261124211200 },
];
