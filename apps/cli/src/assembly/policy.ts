import type { ServicePolicy } from '#libs/application';
import { encodeCanonical } from '#libs/scheduling';
import { sha256 } from './foundation.js';

/** Names a policy by what it says, its name and every default included. */
export const policySha256 = ({ name, planning, latencyStaleSeconds }: ServicePolicy): string =>
  sha256(encodeCanonical({ name, planning, latencyStaleSeconds }));
