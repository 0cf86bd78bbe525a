import type { TenantModel } from './model.js';
import { QuotaGate } from './quota-gate.js';
import { TenantAccounts } from './tenant-accounts.js';
import { aGroup, aJob, anAttempt } from './testing/builders.js';

const T0 = 60_000; // a multiple of the accrual
const perNode = { cards: 1, cores: 1, memoryGiB: 1 };
const whole = aGroup('whole');
const half = aGroup('half', { exchangeRate: 0.5 });
const tenant = (id: string, cards?: number): TenantModel => ({
  id, parentId: null, weight: 1, usage: 0, ...(cards !== undefined && { quota: { cards, lendingLimit: 0 } }),
}); // prettier-ignore

/** Tenants a and b with eight cards each that they do not lend, so that `roomOf` reads what each may still hold. */
function accountsOf(policy = {}) {
  const jobs = ['a', 'b'].map((tenantId) => aJob(`of ${tenantId}`, { tenantId, perNode }));
  const quota = new QuotaGate({ job: (slot) => jobs[slot]!, group: () => whole });
  const accounts = new TenantAccounts(quota, policy);
  accounts.setTenants([tenant('a', 8), tenant('b', 8)]);
  const roomOf = (id: 'a' | 'b'): number => {
    let nodes = 0;
    while (quota.earliest({ slot: id === 'a' ? 0 : 1, group: 0, nodes: nodes + 1, seconds: 1 }, 0) === 0) nodes++;
    return nodes;
  };
  const order = (now = T0): string => {
    const ranks = accounts.newRanks(now);
    return ranks === null ? 'as before' : [...ranks].toSorted(([, x], [, y]) => x - y).map(([id, rank]) => `${id}${rank}`).join(' '); // prettier-ignore
  };
  return { accounts, roomOf, order };
}
const run = (id: string, over = {}) => anAttempt(id, 'whole', { tenantId: 'a', perNode, startedAt: T0, ...over });

describe('what an attempt is charged', () => {
  const cases: Record<string, { attempt: ReturnType<typeof run>; group?: typeof whole; wantRoom: number }> = {
    'a card for each of the nodes it names': { attempt: run('r', { nodeIndices: [0, 1, 2] }), wantRoom: 5 },
    'as many nodes as are counted while none is named': {
      attempt: run('r', { nodeIndices: [], nodeCount: 4 }),
      wantRoom: 4,
    },
    'named nodes count before the number': { attempt: run('r', { nodeIndices: [0], nodeCount: 4 }), wantRoom: 7 },
    'by the rate of its group': { attempt: run('r', { nodeIndices: [0, 1] }), group: half, wantRoom: 7 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { attempt, group = whole, wantRoom }) => {
    const { accounts, roomOf } = accountsOf();
    accounts.begin(attempt, group);
    expect([roomOf('a'), roomOf('b')]).toEqual([wantRoom, 8]);
  });

  it('goes to quota and share alike, and both are given back at its end, once', () => {
    const { accounts, roomOf, order } = accountsOf();
    expect(order()).toBe('a0 b0');
    accounts.begin(run('r'), whole);
    expect([roomOf('a'), order()]).toEqual([7, 'b0 a1']);
    accounts.end('r');
    expect([roomOf('a'), order()]).toEqual([8, 'a0 b0']);
    accounts.end('r');
    accounts.end('never heard of');
    expect([roomOf('a'), order()]).toEqual([8, 'as before']);
    accounts.begin(run('s'), whole); // what was given back twice would be missing now
    expect([roomOf('a'), order()]).toEqual([7, 'b0 a1']);
  });

  it('told again, it replaces what was known: nodes, tenant and start', () => {
    const { accounts, roomOf, order } = accountsOf({ entryPenaltySeconds: 0 });
    accounts.begin(run('r', { nodeIndices: [0, 1, 2], startedAt: T0 - 600 }), whole);
    accounts.begin(run('s', { tenantId: 'b', startedAt: T0 - 660 }), whole);
    expect([roomOf('a'), roomOf('b'), order()]).toEqual([5, 7, 'b0 a1']); // 1800 to 660
    accounts.begin(run('r', { startedAt: T0 - 600 }), whole);
    expect([roomOf('a'), order()]).toEqual([7, 'a0 b1']); // 600 to 660
    accounts.begin(run('r', { startedAt: T0 - 720 }), whole);
    expect(order()).toBe('b0 a1'); // 720 to 660
    accounts.begin(run('r', { tenantId: 'b', startedAt: T0 - 720 }), whole);
    expect([roomOf('a'), roomOf('b'), order()]).toEqual([8, 6, 'a0 b1']);
  });
});

describe('what would be if an attempt were gone', () => {
  it('its quota is free meanwhile, its share is not touched, and undone all is as before', () => {
    const { accounts, roomOf, order } = accountsOf();
    accounts.begin(run('r', { nodeIndices: [0, 1] }), whole);
    expect([roomOf('a'), order()]).toEqual([6, 'b0 a1']);
    const undo = accounts.withdraw('r');
    expect([roomOf('a'), order()]).toEqual([8, 'as before']);
    undo();
    expect([roomOf('a'), order()]).toEqual([6, 'as before']);
    accounts.end('r');
    expect(roomOf('a')).toBe(8);
  });

  it('of an attempt that is not known nothing is withdrawn', () => {
    const { accounts, roomOf } = accountsOf();
    accounts.begin(run('r'), whole);
    accounts.withdraw('s')();
    expect(roomOf('a')).toBe(7);
  });
});

describe('new ranks', () => {
  it('are told once, and again when they have changed', () => {
    const { accounts, order } = accountsOf();
    expect([order(), order(), order(T0 + 600)]).toEqual(['a0 b0', 'as before', 'as before']);
    accounts.begin(run('r'), whole);
    expect([order(), order()]).toEqual(['b0 a1', 'as before']);
  });

  it('come from the tenants that were told last, with the use that these have had', () => {
    const { accounts, order, roomOf } = accountsOf();
    order();
    accounts.setTenants([{ ...tenant('a', 3), usage: 5 }, tenant('b', 8)]);
    expect([order(), roomOf('a'), roomOf('b')]).toEqual(['b0 a1', 3, 8]);
  });

  it('change at accrual ticks only', () => {
    const { accounts, order } = accountsOf({ accrualSeconds: 100, entryPenaltySeconds: 0 });
    accounts.begin(run('r', { startedAt: T0 }), whole);
    accounts.begin(run('s', { tenantId: 'b', nodeIndices: [0, 1], startedAt: T0 }), whole);
    expect([order(T0), order(T0 + 99), order(T0 + 100)]).toEqual(['a0 b0', 'as before', 'a0 b1']);
  });
});
