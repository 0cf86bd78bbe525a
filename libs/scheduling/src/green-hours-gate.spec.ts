import { Fleet } from './fleet.js';
import { GreenGate } from './green-hours-gate.js';
import { JobKinds } from './job-kinds.js';
import type { OutlookModel, QueuedJob, Seconds } from './model.js';
import { orderOf } from './order.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, aPolicy, aPool, aSnapshot } from './testing/builders.js';
import { WaitingQueue } from './waiting-queue.js';

const HOUR = 3600;
const NOW = 100 * HOUR;
const at = (hour: number, seconds = 0): Seconds => NOW + hour * HOUR + seconds;
const groups = [aGroup('east'), aGroup('west')];
const pools = [aPool('east'), aPool('west')];
const links = [{ fromSiteId: 'west-site', toSiteId: 'east-site', gbitPerSecond: 1 }];
const outlook = (siteId: string, ...greenShare: number[]): OutlookModel => ({
  siteId, from: NOW, greenShare, gramsPerKwh: [], yuanPerKwh: [],
}); // prettier-ignore
const wanting = (over: Partial<QueuedJob> = {}): QueuedJob =>
  aJob('j', { submittedAt: NOW, limit: HOUR, minGreenShare: 0.5, ...over });

function gateFor(job: QueuedJob): GreenGate {
  const fleet = new Fleet({ pools, groups, links });
  fleet.setOutlook(outlook('east-site', 0.1, 0.1, 0.9, 0.1));
  const queue = new WaitingQueue(new JobKinds(fleet), orderOf('fcfs'));
  queue.add(job);
  return new GreenGate(fleet, queue);
}
const startIn = (job: QueuedJob, group = 0, from = NOW): Seconds =>
  gateFor(job).earliest({ slot: 0, group, nodes: 1, seconds: 60 }, from);

describe('the gate of green hours', () => {
  const { minGreenShare: _none, ...indifferent } = wanting();
  const cases: Record<string, { job: QueuedJob; group?: number; from?: Seconds; want: Seconds }> = {
    'a job that asks for nothing is let in at once': { job: indifferent, want: NOW },
    'its earliest start is the business of others': { job: { ...indifferent, earliestStart: at(3) }, want: NOW },
    'one that asks waits for the first green hour': { job: wanting(), want: at(2) },
    'and is let in during it': { job: wanting(), from: at(2, 1), want: at(2, 1) },
    'each site has its own hours: without an outlook nothing is to be waited for': { job: wanting(), group: 1, want: NOW },
    'a deadline before it: the last start that keeps the whole limit': { job: wanting({ deadline: at(2) }), want: at(1) },
    'the limit counts against the deadline, not the prediction': {
      job: wanting({ limit: 2 * HOUR, predicted: 60, deadline: at(3) }), want: at(1),
    },
    'the seconds of the bid do not': { job: wanting({ limit: 2 * HOUR, deadline: at(3) }), want: at(1) },
    'bringing the data in comes before the run: it begins as much sooner': {
      // 45 GiB over 1 Gbit/s: 386.55 s, rounded up.
      job: wanting({ inputs: [{ siteId: 'west-site', sizeGiB: 45 }], deadline: at(2) }), want: at(1) - 387,
    },
    'and the hour in which it runs is what must be green': {
      job: wanting({ inputs: [{ siteId: 'west-site', sizeGiB: 419.09 }] }), want: at(1),
    },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { job, group, from, want }) => {
    expect(startIn(job, group, from)).toBe(want);
  });

  it('remembers that somebody was kept back, until it begins anew', () => {
    const gate = gateFor(wanting());
    const ask = (from: Seconds): boolean => (gate.earliest({ slot: 0, group: 0, nodes: 1, seconds: 60 }, from), gate.hasKeptBack);
    expect(gate.hasKeptBack).toBe(false);
    expect(ask(at(2))).toBe(false);
    expect(ask(NOW)).toBe(true);
    expect(ask(at(2))).toBe(true);
    gate.begin(NOW);
    expect(gate.hasKeptBack).toBe(false);
  }); // prettier-ignore

  it('whom it does not concern it has not kept back', () => {
    const gate = gateFor({ ...indifferent, earliestStart: at(9) });
    gate.earliest({ slot: 0, group: 0, nodes: 1, seconds: 60 }, NOW);
    expect(gate.hasKeptBack).toBe(false);
  });

  it('its state is one for all that ask for nothing, and new with each second and outlook for those that do', () => {
    const fleet = new Fleet({ pools, groups, links });
    const queue = new WaitingQueue(new JobKinds(fleet), orderOf('fcfs'));
    const [asks, asksNot] = [queue.add(wanting()), queue.add({ ...indifferent, id: 'k' })];
    const gate = new GreenGate(fleet, queue);
    const stateAt = (now: Seconds): number => (gate.begin(now), gate.state(asks));
    const first = stateAt(NOW);
    expect(first).toBe(1);
    expect(gate.hasKeptBack).toBe(true); // whoever goes by it goes by what was found before
    expect([stateAt(NOW), stateAt(NOW + 1), stateAt(NOW + 1)]).toEqual([first, first + 1, first + 1]);
    fleet.setOutlook(outlook('east-site', 1));
    expect(stateAt(NOW + 1)).toBe(first + 2);
    gate.begin(NOW + 1);
    expect([gate.state(asksNot), gate.hasKeptBack]).toEqual([0, false]);
  });

  it('takes nothing: any number may start in a green hour', () => {
    const gate = gateFor(wanting());
    gate.take()();
    expect([gate.refusal, gate.earliest({ slot: 0, group: 0, nodes: 1, seconds: 60 }, at(2))]).toEqual([
      'green-share-too-low',
      at(2),
    ]);
  });
});

describe('green hours in the plan', () => {
  const planOf = (job: QueuedJob, now = NOW) => {
    const outlooks = [outlook('east-site', 0.1, 0.9, 0.1)];
    return createPlanner(aSnapshot({ now, groups: [groups[0]!], queued: [job], outlooks }), aPolicy()).plan(now);
  };

  it('a job is kept back by name, and told when its hour comes', () => {
    expect(planOf(wanting())).toMatchObject({
      starts: [],
      waiting: [{ refusal: 'green-share-too-low', estimatedStart: at(1) }],
    });
  });
  it('starts as soon as the mean of its run is green enough: half of it in an hour of 0.1, half in one of 0.9', () => {
    expect(planOf(wanting(), at(0, 1799)).starts).toEqual([]);
    expect(planOf(wanting(), at(0, 1800)).starts).toHaveLength(1);
  });
  it('or starts at the last second that keeps its deadline', () => {
    const job = wanting({ deadline: at(1, 1200) });
    expect(planOf(job, at(0, 1199)).starts).toEqual([]);
    expect(planOf(job, at(0, 1200)).starts).toHaveLength(1);
  });
});
