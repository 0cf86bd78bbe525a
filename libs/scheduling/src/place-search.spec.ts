import { Gates } from './gates.js';
import type { JobKind } from './job-kinds.js';
import type { Seconds, WindowModel } from './model.js';
import { Openings } from './openings.js';
import { holdOf, inOpenings, PlaceSearch } from './place-search.js';
import type { Profile } from './profile.js';
import { AGate } from './testing/a-pass.js';
import { aJob } from './testing/builders.js';
import type { WaitingQueue } from './waiting-queue.js';

const NOW = 1000;

/** By group: when nodes become free there. */
type Frees = readonly Seconds[];

interface Search {
  readonly frees: Frees;
  readonly limit?: number;
  /** By group; absent: the limit. */
  readonly holds?: readonly number[];
  /** By group; absent: one is as good as another. */
  readonly scores?: readonly number[];
  /** By group: when a gate opens; absent: there is no gate. */
  readonly opens?: readonly Seconds[];
  readonly windows?: readonly WindowModel[];
}

interface Look {
  readonly group: number;
  readonly seconds: number;
  readonly from: Seconds;
  readonly before: Seconds;
}

/** A search in groups of which nothing is known but when they have nodes, and that keeps what was looked up. */
function aSearch({ frees, limit = 60, holds, scores, opens, windows = [] }: Search) {
  const looks: Look[] = [];
  const lifted: string[] = [];
  const free = [...frees];
  const profileOf = (group: number): Pick<Profile, 'earliest' | 'liftWindows'> => ({
    earliest(_ask, seconds, from, before = Infinity) {
      looks.push({ group, seconds, from, before });
      const at = Math.max(free[group]!, from);
      return at < before ? at : Infinity;
    },
    liftWindows(ids) {
      lifted.push(`${group}: ${[...(ids ?? ['all'])].join()} lifted`);
      return () => void lifted.push(`${group}: laid again`);
    },
  });
  const openings = new Openings();
  openings.set(windows, (id) => Number(id));
  const jobs = [aJob('j', { limit, tenantId: 'mine' }), aJob('k', { limit, tenantId: 'other' })];
  const queue: Pick<WaitingQueue, 'job' | 'limit'> = { job: (slot) => jobs[slot]!, limit: () => limit };
  const ground = {
    queue: queue as WaitingQueue,
    profiles: frees.map((_at, group) => profileOf(group) as Profile),
    score: (_slot: number, group: number) => scores?.[group] ?? 0,
    ...(holds && { hold: (_slot: number, group: number) => holds[group]! }),
  };
  const gate = opens && new AGate(({ group }, from) => Math.max(from, opens[group]!));
  const search = new PlaceSearch(ground, new Gates(gate ? [gate] : []), openings);
  const kind = { index: 0, eligible: frees.map((_at, group) => group), ask: { nodes: 1 } } as unknown as JobKind;
  const find = (slot = 0) => search.find(slot, kind, NOW);
  return { ground, openings, looks, lifted, free, find };
}

const openToMine = (groupId: string): WindowModel => {
  const openTo: NonNullable<WindowModel['openTo']> = { tenants: ['mine'] };
  return { id: `for mine in ${groupId}`, groupId, nodeIndices: [0], from: NOW, until: NOW + 9, openTo };
};

describe('the place of a reservation', () => {
  const places: Record<string, Search & { want: { group: number; start: Seconds; refusal?: string } }> = {
    'is the earliest': { frees: [1300, 1200, 1400], want: { group: 1, start: 1200 } },
    'is now where there are nodes': { frees: [500], want: { group: 0, start: NOW } },
    'is the first of those as early that are as good': { frees: [1200, 1200], want: { group: 0, start: 1200 } },
    'is the better one of those as early': { frees: [1200, 1200], scores: [1, 2], want: { group: 1, start: 1200 } },
    'is not a worse one of those as early': { frees: [1200, 1200], scores: [2, 1], want: { group: 0, start: 1200 } },
    'is the earlier one, however much better the other is': {
      frees: [1200, 1201],
      scores: [1, 9],
      want: { group: 0, start: 1200 },
    },
    'is an earlier one found last, though worse': {
      frees: [1201, 1200],
      scores: [9, 1],
      want: { group: 1, start: 1200 },
    },
    'is none where there are never nodes': { frees: [Infinity, Infinity], want: { group: -1, start: Infinity } },
    'is none there, however good the groups are': {
      frees: [Infinity, Infinity],
      scores: [1, 2],
      want: { group: -1, start: Infinity },
    },
    'is the other one where one never has nodes': { frees: [Infinity, 2000], want: { group: 1, start: 2000 } },
    'is where the gate opens too': { frees: [1200, 1300], opens: [1500, 0], want: { group: 1, start: 1300 } },
    'is after the gate has opened, where nodes were there before': {
      frees: [1200],
      opens: [1500],
      want: { group: 0, start: 1500 },
    },
    'tells the gate that keeps it from all that there is': {
      frees: [1200],
      opens: [Infinity],
      want: { group: -1, start: Infinity, refusal: 'power-cap-reached' },
    },
    'tells the gate as well where another group has room': {
      frees: [1200, 1300],
      opens: [Infinity, 0],
      want: { group: 1, start: 1300, refusal: 'power-cap-reached' },
    },
    'does not blame the gate of a group that has nodes only later': {
      frees: [1200, 1300],
      opens: [0, Infinity],
      want: { group: 0, start: 1200 },
    },
    'blames the gate of a group that has nodes as early': {
      frees: [1200, 1200],
      opens: [0, Infinity],
      want: { group: 0, start: 1200, refusal: 'power-cap-reached' },
    },
    'blames no gate where there is none': { frees: [Infinity], want: { group: -1, start: Infinity } },
  };
  it.each(Object.entries(places))('%s', (_sentence, { want, ...search }) => {
    expect(aSearch(search).find()).toEqual({ refusal: null, ...want });
  });

  it('is looked for with the seconds of each group, and no later than what is found', () => {
    const { find, looks } = aSearch({ frees: [1300, 1200, 1500], holds: [60, 90, 30] });
    find();
    expect(looks).toEqual([
      { group: 0, seconds: 60, from: NOW, before: Infinity },
      { group: 1, seconds: 90, from: NOW, before: 1301 },
      { group: 2, seconds: 30, from: NOW, before: 1201 },
    ]);
  });
});

describe('the next search of a kind', () => {
  const from = ({ looks }: ReturnType<typeof aSearch>): number[] => looks.map((look) => look.from);

  it('begins where the last one found nodes', () => {
    const search = aSearch({ frees: [1300, 1200] });
    search.find();
    search.find();
    expect(from(search)).toEqual([NOW, NOW, 1200, 1200]);
  });

  it('begins at the first nodes, whatever a gate said to the last job', () => {
    const search = aSearch({ frees: [1200], opens: [1500] });
    search.find();
    search.find();
    // The second look of each search is the one after the gate has opened.
    expect(from(search)).toEqual([NOW, 1500, 1200, 1500]);
  });

  it('begins now where the last one found none', () => {
    const search = aSearch({ frees: [Infinity] });
    search.find();
    search.free[0] = 1200;
    expect([search.find().start, from(search)]).toEqual([1200, [NOW, NOW]]);
  });

  it('begins now where the last one was held longer somewhere than this is at the least', () => {
    const search = aSearch({ frees: [1200, 1300], holds: [60, 61] });
    search.find();
    search.find();
    expect(from(search)).toEqual([NOW, NOW, NOW, NOW]);
  });

  it('begins now where windows are open to some of the kind only', () => {
    const search = aSearch({ frees: [1200], windows: [openToMine('0')] });
    search.find();
    search.find();
    expect(from(search)).toEqual([NOW, NOW]);
  });
});

describe('a look into a group', () => {
  it('lifts the windows that are open to the job, there alone, and lays them again', () => {
    const { find, lifted } = aSearch({ frees: [1200, 1300], windows: [openToMine('1')] });
    find();
    expect(lifted).toEqual(['1: for mine in 1 lifted', '1: laid again']);
  });

  it('lifts none that are not', () => {
    const { find, lifted } = aSearch({ frees: [1200, 1300], windows: [openToMine('1')] });
    find(1);
    expect(lifted).toEqual([]);
  });

  it('tells what it was asked for, windows or not', () => {
    const { ground, openings, lifted } = aSearch({ frees: [1200, 1300], windows: [openToMine('1')] });
    const look = (): string => `seen after ${lifted.length}`;
    const seen = [0, 1].map((group) => inOpenings(ground, openings, { slot: 0, group }, look));
    expect([seen, lifted.length]).toEqual([['seen after 0', 'seen after 1'], 2]);
  });

  it('is for as long as the group is held, else for the limit', () => {
    const told: [Search, number][] = [
      [{ frees: [0, 0], limit: 60 }, 60],
      [{ frees: [0, 0], limit: 60, holds: [60, 45] }, 45],
      [{ frees: [0, 0], limit: 60, holds: [60, 0] }, 0],
    ];
    for (const [search, want] of told) expect(holdOf(aSearch(search).ground, 0, 1)).toBe(want);
  });
});
