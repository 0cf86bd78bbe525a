import type { QueuedJob, WindowModel } from './model.js';
import { Openings } from './openings.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, aPolicy, aSnapshot } from './testing/builders.js';

const NOW = 1000;
const window = (openTo: WindowModel['openTo'], over: Partial<WindowModel> = {}): WindowModel => ({
  id: 'w',
  groupId: 'g',
  nodeIndices: [0],
  from: 0,
  until: 5000,
  ...(openTo && { openTo }),
  ...over,
});
const openingsOf = (windows: readonly WindowModel[]): Openings => {
  const openings = new Openings((tenant) => (tenant === 'below' ? ['below', 'owner'] : [tenant]));
  openings.set(windows, (groupId) => (groupId === 'g' ? 0 : 1));
  return openings;
};

const both = { tenants: ['owner'], classes: ['inference' as const] };
const cases: Record<string, { openTo: WindowModel['openTo']; job?: Partial<QueuedJob>; want: boolean }> = {
  'maintenance is open to nobody': { openTo: undefined, want: false },
  'to its tenant': { openTo: { tenants: ['owner'] }, want: true },
  'to a tenant below': { openTo: { tenants: ['owner'] }, job: { tenantId: 'below' }, want: true },
  'not to another': { openTo: { tenants: ['owner'] }, job: { tenantId: 'other' }, want: false },
  'not to the tenant above': { openTo: { tenants: ['below'] }, want: false },
  'to its class': { openTo: { classes: ['training'] }, job: { tenantId: 'other' }, want: true },
  'not to another class': { openTo: { classes: ['inference'] }, want: false },
  'to both': { openTo: both, job: { class: 'inference' }, want: true },
  'not to the tenant in another class': { openTo: both, want: false },
  'not to the class of another': { openTo: both, job: { class: 'inference', tenantId: 'other' }, want: false },
  'to the very job': { openTo: { jobs: ['j'] }, want: true },
  'not to another job': { openTo: { jobs: ['k'] }, want: false },
};

describe('a window is open', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { openTo, job, want }) => {
    const openings = openingsOf([window(openTo)]);
    const asked = aJob('j', { tenantId: 'owner', ...job });
    expect([openings.isOpenTo(asked), openings.isOpenTo(asked)]).toEqual([want, want]);
    expect(openings.windowsFor(asked, 0)).toEqual(want ? new Set(['w']) : null);
    expect(openings.windowsFor(asked, 1)).toBeNull();
    expect(openings.isEmpty).toBe(openTo === undefined);
  });

  it('counts a version whenever somebody may be let in who was not before, or the other way round', () => {
    const openings = openingsOf([]);
    const versions = [openings.version];
    const after = (change: () => void): void => {
      change();
      versions.push(openings.version);
    };
    after(() => openings.set([window(undefined)], () => 0));
    after(() => openings.forget());
    after(() => openings.set([window({ jobs: ['j'] })], () => 0));
    after(() => openings.forget());
    after(() => openings.set([], () => 0));
    after(() => openings.set([], () => 0));
    expect(versions.map((version) => version - versions[0]!)).toEqual([0, 0, 0, 1, 2, 3, 3]);
  });

  it('knows claims by job, and in the order of their ids', () => {
    const openings = openingsOf([
      window({ jobs: ['z'] }, { kind: 'claim', groupId: 'h', nodeIndices: [0, 2] }),
      window({ jobs: ['a'] }, { id: 'v', kind: 'claim' }),
      window({ jobs: ['b'] }, { id: 'u', kind: 'booking' }),
    ]);
    expect(openings.claims()).toEqual([
      { jobId: 'a', group: 0, nodes: 1 },
      { jobId: 'z', group: 1, nodes: 2 },
    ]);
    expect(['a', 'b', 'z'].map((id) => openings.hasClaim(id))).toEqual([true, false, true]);
  });
});

describe('several windows at once', () => {
  const asked = (over: Partial<QueuedJob>): QueuedJob => aJob('j', over);
  const three = [
    window({ tenants: ['owner'] }),
    window({ tenants: ['other'] }, { id: 'v' }),
    window({ classes: ['training'] }, { id: 'u', groupId: 'h' }),
    window(undefined, { id: 'maintenance' }),
  ];

  it('are open where one of them is, each to its own', () => {
    const openings = openingsOf(three);
    const ids = (job: QueuedJob, group: number): string[] => [...(openings.windowsFor(job, group) ?? [])];
    const owner = asked({ tenantId: 'owner', class: 'inference' });
    const other = asked({ tenantId: 'other', class: 'training' });
    const stranger = asked({ tenantId: 'stranger', class: 'inference' });
    expect([owner, other, stranger].map((job) => openings.isOpenTo(job))).toEqual([true, true, false]);
    expect([owner, other, stranger].map((job) => ids(job, 0))).toEqual([['w'], ['v'], []]);
    expect([owner, other, stranger].map((job) => ids(job, 1))).toEqual([[], ['u'], []]);
  });

  it('are told apart by class and tenant, asked in whatever order and again', () => {
    const openings = openingsOf([window(both)]);
    const answers = ['training', 'inference', 'training'].flatMap((name) =>
      ['owner', 'other', 'owner'].map((tenantId) =>
        openings.isOpenTo(asked({ tenantId, class: name as QueuedJob['class'] })),
      ),
    );
    expect(answers).toEqual([false, false, false, true, false, true, false, false, false]);
  });

  it('none are open before any was set, and a tenant stands for itself where no tree is told', () => {
    const openings = new Openings();
    expect([openings.isEmpty, openings.isOpenTo(asked({})), openings.windowsFor(asked({}), 0)]).toEqual([
      true,
      false,
      null,
    ]);
    openings.set([window({ tenants: ['owner'] })], () => 0);
    expect(openings.isOpenTo(asked({ tenantId: 'owner' }))).toBe(true);
    expect(openings.isOpenTo(asked({ tenantId: 'below' }))).toBe(false);
  });

  it('are those that were set last, under the same ids too', () => {
    const openings = openingsOf([window({ tenants: ['owner'] })]);
    const owner = asked({ tenantId: 'owner' });
    expect(openings.isOpenTo(owner)).toBe(true);
    openings.set([window({ tenants: ['other'] })], () => 0);
    expect(openings.isOpenTo(owner)).toBe(false);
    openings.set([], () => 0);
    expect([openings.isEmpty, openings.isOpenTo(owner), openings.claims()]).toEqual([true, false, []]);
  });

  it('are asked anew when the tree of tenants has changed', () => {
    let line = ['moved'];
    const openings = new Openings(() => line);
    openings.set([window({ tenants: ['owner'] })], () => 0);
    const moved = asked({ tenantId: 'moved' });
    expect(openings.isOpenTo(moved)).toBe(false);
    line = ['moved', 'owner'];
    expect(openings.isOpenTo(moved)).toBe(false);
    openings.forget();
    expect(openings.isOpenTo(moved)).toBe(true);
  });

  it('claims without a job, or open to nobody, are claims of no job', () => {
    const openings = openingsOf([
      window(undefined, { kind: 'claim' }),
      window({ tenants: ['owner'] }, { id: 'v', kind: 'claim' }),
    ]);
    expect(openings.claims()).toEqual([]);
    expect(openings.hasClaim('j')).toBe(false);
  });
});

describe('a booking in the plan', () => {
  const started = (jobs: readonly QueuedJob[], runTimes: 'limit' | 'predicted' = 'limit'): string[] => {
    const booked = window({ tenants: ['owner'] }, { kind: 'booking', from: NOW + 100 });
    const snapshot = aSnapshot({ groups: [aGroup('g', { nodes: ['n'] })], windows: [booked], queued: jobs });
    return createPlanner(snapshot, aPolicy({ runTimes }))
      .plan(NOW)
      .starts.map(({ jobId }) => jobId);
  };

  it('lets a member in, and nobody else whose limit runs into it, whatever is predicted', () => {
    expect(started([aJob('member', { tenantId: 'owner' })])).toEqual(['member']);
    expect(started([aJob('other', { limit: 101, predicted: 5 })], 'predicted')).toEqual([]);
    expect(started([aJob('other', { limit: 100 })], 'predicted')).toEqual(['other']);
  });
});
