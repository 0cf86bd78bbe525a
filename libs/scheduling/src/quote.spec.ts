import type { PlanningPolicy, Snapshot } from './model.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAttempt, aPolicy, aSnapshot } from './testing/builders.js';

const NOW = 1000;
const HOUR = 3600;
const groups = [aGroup('early'), aGroup('late')];

function aTenant(cards: number): Snapshot['tenants'][number] {
  const quota = { cards, borrowingLimit: 0, lendingLimit: 0 };
  return { id: 'institute', parentId: null, weight: 1, usage: 0, quota };
}

describe('quotes under the gates of the pass', () => {
  it('a spent quota is the refusal, and no start is told', () => {
    const planner = createPlanner(aSnapshot({ groups, tenants: [aTenant(0)] }), aPolicy());
    expect(planner.quote(aJob('q'), NOW).map(({ estimatedStart, refusal }) => [estimatedStart, refusal])).toEqual([
      [null, 'quota-spent'],
      [null, 'quota-spent'],
    ]);
  });

  it('bringing data in is told, held and counted before the end of the limit', () => {
    const links = [{ fromSiteId: 'far', toSiteId: 'early-site', gbitPerSecond: 8.589934592 }];
    const planner = createPlanner(aSnapshot({ groups, links }), aPolicy());
    const [option, other] = planner.quote(aJob('q', { inputs: [{ siteId: 'far', sizeGiB: 100 }] }), NOW);
    expect(option).toMatchObject({
      poolId: 'early',
      estimatedStart: NOW,
      stagingSeconds: 100,
      endsBy: NOW + 100 + HOUR,
    });
    expect(other).toMatchObject({ poolId: 'late', refusal: 'no-link-to-inputs' });
    expect(other).not.toHaveProperty('stagingSeconds');
  });

  it('a booking is in the way of others, and not of those it is for', () => {
    const window = { id: 'w', groupId: 'early', nodeIndices: [0, 1, 2, 3], from: 500, until: 9000 };
    const openTo = { tenants: ['institute'] };
    const planner = createPlanner(
      aSnapshot({ groups: [aGroup('early')], windows: [{ ...window, kind: 'booking', openTo }] }),
      aPolicy(),
    );
    expect(planner.quote(aJob('q'), NOW)[0]).toMatchObject({ estimatedStart: NOW });
    expect(planner.quote(aJob('q', { tenantId: 'other' }), NOW)[0]).toMatchObject({ estimatedStart: 9000 });
  });

  it('who fits now starts now, though others without a place wait ahead', () => {
    const queued = [aJob('ahead', { nodes: 4, submittedAt: 0 })];
    const state = { groups: [aGroup('early')], running: [anAttempt('r', 'early', { endsBy: 5000 })], queued };
    const quoted = (backfill: PlanningPolicy['backfill']) =>
      createPlanner(aSnapshot(state), aPolicy({ backfill, reservationDepth: 0 })).quote(aJob('q'), NOW)[0];
    expect(quoted('conservative')).toMatchObject({ estimatedStart: NOW, basis: 'reservation' });
    expect(quoted('none')).toMatchObject({ basis: 'backlog' });
  });
});
