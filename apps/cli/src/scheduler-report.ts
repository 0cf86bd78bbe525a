import type { SchedulerEvent } from '#apps/scheduler';
import { say } from './output.js';

let unreachable = '';
let stoodBy = false;

/** The scheduler's events as lines on stderr: what an operator needs to know, once each. */
export function reportSchedulerEvent(event: SchedulerEvent): void {
  switch (event.kind) {
    case 'standing-by':
      stoodBy = true;
      return say('another scheduler leads; standing by');
    case 'failed':
      return say(
        `${event.what} failed: ${event.error instanceof Error ? event.error.message : String(event.error)}; trying again until it works`,
      );
    case 'recovered':
      return say(`${event.what} works again`);
    case 'unreachable': {
      const pools = event.pools.join(', ');
      if (pools !== unreachable) say(`engines that do not answer: ${pools}`);
      unreachable = pools;
      return;
    }
    case 'skipped':
      return say(
        `demand that came while the service was down was left out: ${event.jobs ?? 'an uncounted number of'} jobs`,
      );
    case 'leading':
      if (stoodBy) say(`this scheduler leads now (epoch ${event.epoch})`);
      stoodBy = false;
      return;
    case 'reserved':
      if (event.givenBack > 0) say(`booked windows that nobody used were given back: ${event.givenBack}`);
      if (event.unmet > 0)
        say(`bookings that come again found no nodes: ${event.unmet}; see the audit, reservation.unmet`);
      return;
    case 'policy-activated':
      return say(`policy ${event.name} (${event.sha256.slice(0, 12)}) holds from now on`);
    case 'policy-faulty':
      return say(`the policy file has faults; the old policy stays. ${event.faults}`);
    case 'settled':
      return;
  }
}

const failing = new Set<string>();

/** What a process follows could not be read: said once a minute at most, because it is tried again every second or two. */
export function sayRefreshFailed(what: string, error: unknown): void {
  if (failing.has(what)) return;
  failing.add(what);
  setTimeout(() => failing.delete(what), 60_000).unref();
  say(
    `${what} could not be refreshed: ${error instanceof Error ? error.message : String(error)}; trying again until it works`,
  );
}
