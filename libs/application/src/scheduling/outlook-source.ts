import type { Instant } from '#libs/domain';
import type { OutlookModel } from '#libs/scheduling';

/** What the coming hours of each site look like, from the hour of `now` on. */
export interface OutlookSource {
  from(now: Instant): readonly OutlookModel[];
}

/** For a fleet without energy data, and for tests that are not about it. */
export const noOutlook: OutlookSource = { from: () => [] };
