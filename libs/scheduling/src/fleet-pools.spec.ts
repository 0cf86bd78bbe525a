import { Fleet } from './fleet.js';
import type { OutlookModel, PoolModel, TenantModel } from './model.js';
import { aFleet, changed, EAST, eastAndWest, WEST } from './testing/a-fleet.js';
import { aCpuGroup, anAttempt, aPool } from './testing/builders.js';

const aTenant = (id: string, parentId: string | null = null): TenantModel => ({ id, parentId, weight: 1, usage: 0 });

describe('pools that change', () => {
  const pool = (over: Partial<PoolModel> = {}): PoolModel => aPool('east', over);
  const cases: Record<string, { before?: PoolModel; act: (fleet: Fleet) => void; want: string[] }> = {
    'a pool is out of reach': { act: (fleet) => fleet.setReachable('east', false), want: ['version'] },
    'a pool without groups here is out of reach': { act: (fleet) => fleet.setReachable('north', false), want: [] },
    'a pool is another one': { act: (fleet) => fleet.setPool(pool()), want: ['version', 'pools'] },
    'a pool without groups here is another one': { act: (fleet) => fleet.setPool(aPool('north')), want: [] },
    'a pool is closed to all but some': {
      act: (fleet) => fleet.setPool(pool({ tenants: ['a'] })),
      want: ['version', 'pools', 'tenancy'],
    },
    'a pool is opened to all': {
      before: pool({ tenants: ['a'] }),
      act: (fleet) => fleet.setPool(pool()),
      want: ['version', 'pools', 'tenancy'],
    },
    'a pool is open to others': {
      before: pool({ tenants: ['a'] }),
      act: (fleet) => fleet.setPool(pool({ tenants: ['b'] })),
      want: ['version', 'pools', 'tenancy'],
    },
    'two tenants are not one with both their names': {
      before: pool({ tenants: ['a', 'b'] }),
      act: (fleet) => fleet.setPool(pool({ tenants: ['ab'] })),
      want: ['version', 'pools', 'tenancy'],
    },
    'a pool is open to the same': {
      before: pool({ tenants: ['a', 'b'] }),
      act: (fleet) => fleet.setPool(pool({ tenants: ['a', 'b'] })),
      want: ['version', 'pools'],
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { before, act, want }) => {
    const fleet = aFleet({ pools: [before ?? pool(), aPool('west')] });
    expect(changed(fleet, act)).toEqual(want);
  });

  it('reach the groups of the pool and no others', () => {
    const fleet = aFleet();
    fleet.setReachable('east', false);
    expect(fleet.candidates.map((candidate) => candidate.pool.reachable)).toEqual([false, true]);
    fleet.setPool(aPool('west', { classes: ['training'] }));
    expect(fleet.candidates.map((candidate) => candidate.pool.classes)).toEqual([undefined, ['training']]);
  });

  it('take the links of the site that the pool is at now', () => {
    const links = [{ fromSiteId: 'west-site', toSiteId: 'moved', gbitPerSecond: 10 }];
    const fleet = aFleet({ links });
    fleet.setPool(aPool('east', { siteId: 'moved' }));
    expect([...fleet.candidates[EAST]!.links!]).toEqual([['west-site', 10]]);
  });
});

describe('pools for some', () => {
  const pools = [aPool('east', { tenants: ['owner'] }), aPool('west', { tenants: ['other'] }), aPool('open')];
  const three = [...eastAndWest, aCpuGroup('open')];
  const aClosedFleet = (): Fleet => {
    const fleet = new Fleet({ pools, groups: three });
    fleet.setTenants([aTenant('owner'), aTenant('below', 'owner'), aTenant('other')]);
    return fleet;
  };

  it('are open to who is listed and to those below, and the kinds of a tenant go by what it reaches', () => {
    const fleet = aClosedFleet();
    expect(fleet.candidates.map(({ openTo }) => openTo && [...openTo].sort())).toEqual([
      ['below', 'owner'],
      undefined,
      ['other'],
    ]);
    expect(['owner', 'below', 'other', 'stranger'].map((id) => fleet.reachOf(id))).toEqual(['0', '0', '2', '']);
    fleet.setPool(aPool('west', { tenants: ['owner', 'other'] }));
    expect(fleet.reachOf('below')).toBe('0,2');
  });

  it('are open to all again when the list is gone', () => {
    const fleet = aClosedFleet();
    fleet.setPool(aPool('east'));
    expect(fleet.candidates[EAST]).not.toHaveProperty('openTo');
  });

  it('stay as they are when a pool is out of reach for a while', () => {
    const fleet = aClosedFleet();
    fleet.setReachable('east', false);
    expect(fleet.reachOf('below')).toBe('0');
  });

  const tree = [aTenant('owner'), aTenant('below', 'owner'), aTenant('other')];
  const cases: Record<string, { tenants: TenantModel[]; want: string[] }> = {
    'the same tree changes nothing': { tenants: tree, want: [] },
    'nor does another order': { tenants: tree.toReversed(), want: [] },
    'nor do weights and use': { tenants: tree.map((tenant) => ({ ...tenant, weight: 3, usage: 9 })), want: [] },
    'a tenant moves': {
      tenants: [aTenant('owner'), aTenant('below', 'other'), aTenant('other')],
      want: ['version', 'pools', 'tenancy'],
    },
    'a tenant comes': { tenants: [...tree, aTenant('new', 'owner')], want: ['version', 'pools', 'tenancy'] },
    'a tenant goes': { tenants: tree.slice(0, 2), want: ['version', 'pools', 'tenancy'] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { tenants, want }) => {
    const fleet = aClosedFleet();
    expect(changed(fleet, () => fleet.setTenants(tenants))).toEqual(want);
  });

  it('are asked anew of a tenant that has moved', () => {
    const fleet = aClosedFleet();
    expect(fleet.reachOf('below')).toBe('0');
    fleet.setTenants([aTenant('owner'), aTenant('below', 'other'), aTenant('other')]);
    expect(fleet.reachOf('below')).toBe('2');
  });

  it('are not looked for when the tree changes and no pool has a list', () => {
    const fleet = aFleet();
    expect(changed(fleet, () => fleet.setTenants(tree))).toEqual([]);
    expect(fleet.lineOf('below')).toEqual(['below', 'owner']);
  });

  it('lines end at the top, with a parent that is not there, and in a circle', () => {
    const fleet = aFleet();
    fleet.setTenants([aTenant('top'), aTenant('mid', 'top'), aTenant('low', 'mid'), aTenant('stray', 'gone')]);
    expect(['low', 'top', 'stray', 'unknown'].map((id) => fleet.lineOf(id))).toEqual([
      ['low', 'mid', 'top'],
      ['top'],
      ['stray', 'gone'],
      ['unknown'],
    ]);
    fleet.setTenants([aTenant('a', 'b'), aTenant('b', 'a')]);
    expect(fleet.lineOf('a')).toEqual(['a', 'b']);
  });
});

describe('outlooks and caps of a fleet', () => {
  const anOutlook = (siteId: string, from: number, yuanPerKwh: number[]): OutlookModel => ({
    siteId,
    from,
    yuanPerKwh,
    greenShare: [],
    gramsPerKwh: [],
  });

  it('are one a site, the one that begins later, and of two that begin together the one that came last', () => {
    const fleet = aFleet();
    expect(fleet.outlookAt(EAST)).toBeUndefined();
    fleet.setOutlook(anOutlook('east-site', 3600, [0.5]));
    fleet.setOutlook(anOutlook('east-site', 0, [9]));
    expect(fleet.outlookAt(EAST)!.from).toBe(3600);
    fleet.setOutlook(anOutlook('east-site', 3600, [0.7]));
    expect(fleet.outlookAt(EAST)!.yuanPerKwh).toEqual([0.7]);
    fleet.setOutlook(anOutlook('east-site', 7200, [0.4]));
    expect(fleet.outlookAt(EAST)!.from).toBe(7200);
    expect(fleet.outlookAt(WEST)).toBeUndefined();
  });

  it('tell the dearest hour of all that stand', () => {
    const fleet = aFleet();
    expect(fleet.dearest).toBe(0);
    fleet.setOutlook(anOutlook('east-site', 0, [0.3, 0.9, 0.5]));
    fleet.setOutlook(anOutlook('west-site', 0, [0.6]));
    expect(fleet.dearest).toBe(0.9);
    fleet.setOutlook(anOutlook('east-site', 3600, [0.2]));
    expect(fleet.dearest).toBe(0.6);
  });

  it('count caps by their id', () => {
    const cap = { id: 'c', siteId: 'east-site', from: 0, until: 10, watts: 100 };
    const fleet = aFleet({ powerCaps: [cap] });
    expect([...fleet.powerCaps.values()]).toEqual([cap]);
    expect(changed(fleet, () => fleet.setPowerCap({ ...cap, watts: 50 }))).toEqual(['caps']);
    expect(fleet.powerCaps.get('c')!.watts).toBe(50);
    expect(changed(fleet, () => fleet.dropPowerCap('c'))).toEqual(['caps']);
    expect(changed(fleet, () => fleet.dropPowerCap('c'))).toEqual([]);
    expect(fleet.picture()).not.toHaveProperty('powerCaps');
  });
});

describe('the picture of a fleet', () => {
  it('is sorted by id, whatever came first', () => {
    const links = [
      { fromSiteId: 'west-site', toSiteId: 'east-site', gbitPerSecond: 1 },
      { fromSiteId: 'east-site', toSiteId: 'west-site', gbitPerSecond: 2 },
      { fromSiteId: 'east-site', toSiteId: 'north', gbitPerSecond: 3 },
    ];
    const cap = { siteId: 'east-site', from: 0, until: 10, watts: 100 };
    const fleet = aFleet({ links, powerCaps: [{ ...cap, id: 'q' }] });
    fleet.setPowerCap({ ...cap, id: 'p' });
    fleet.setNodeState('west', 1, 'down');
    fleet.setNodeState('west', 0, 'maintenance');
    fleet.setNodeState('east', 2, 'down');
    for (const id of ['v', 'w', 'u']) fleet.setWindow({ id, groupId: 'east', nodeIndices: [0], from: 100, until: 200 });
    for (const id of ['b', 'c', 'a']) fleet.place(anAttempt(id, 'east', { nodeIndices: [3] }));
    const outlook = { from: 0, yuanPerKwh: [], greenShare: [], gramsPerKwh: [] };
    for (const siteId of ['west-site', 'east-site']) fleet.setOutlook({ ...outlook, siteId });
    const picture = fleet.picture();
    expect(picture.nodeStates).toEqual([
      { groupId: 'east', index: 2, state: 'down' },
      { groupId: 'west', index: 0, state: 'maintenance' },
      { groupId: 'west', index: 1, state: 'down' },
    ]);
    expect(picture.windows.map(({ id }) => id)).toEqual(['u', 'v', 'w']);
    expect(picture.running.map(({ attemptId }) => attemptId)).toEqual(['a', 'b', 'c']);
    expect(picture.outlooks.map(({ siteId }) => siteId)).toEqual(['east-site', 'west-site']);
    expect(picture.links!.map(({ gbitPerSecond }) => gbitPerSecond)).toEqual([3, 2, 1]);
    expect(picture.powerCaps!.map(({ id }) => id)).toEqual(['p', 'q']);
  });

  it('leaves out links and caps where there are none', () => {
    expect(aFleet().picture()).toEqual({ nodeStates: [], windows: [], running: [], outlooks: [] });
  });
});
