import { joules } from '#libs/domain';
import fc from 'fast-check';
import { type SupplyOfHour, greenShares, supplySources, supplyStack } from './index.js';

/** One watt for an hour. */
const wh = (watts: number): bigint => BigInt(watts) * 3600n;
const dark: SupplyOfHour = { directPvWatts: 0, hydroDirectShare: 0, storageWatts: 0, contractWatts: 0 };

describe('supply stack', () => {
  const cases: Record<string, { supply: Partial<SupplyOfHour>; want: Partial<Record<string, bigint>> }> = {
    'without supply of its own a site draws all from the grid': { supply: {}, want: { grid: wh(1000) } },
    'the direct line goes before the contract': {
      supply: { directPvWatts: 600, contractWatts: 600 },
      want: { directPv: wh(600), contract: wh(400) },
    },
    'storage goes between the two': {
      supply: { directPvWatts: 300, storageWatts: 300, contractWatts: 300 },
      want: { directPv: wh(300), storage: wh(300), contract: wh(300), grid: wh(100) },
    },
    'a hydro station follows the load': { supply: { hydroDirectShare: 1 }, want: { directHydro: wh(1000) } },
    'sun goes before hydro, which fills up': {
      supply: { directPvWatts: 700, hydroDirectShare: 0.5 },
      want: { directPv: wh(700), directHydro: wh(300) },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { supply, want }) => {
    const { bySource } = supplyStack(joules(3_600_000), { ...dark, ...supply });
    expect(bySource).toEqual({ directPv: 0n, directHydro: 0n, storage: 0n, contract: 0n, grid: 0n, ...want });
  });

  it('surplus of the direct line is curtailed, surplus of a contract is bought and not matched', () => {
    const stack = supplyStack(joules(3_600_000), { ...dark, directPvWatts: 1500, contractWatts: 200 });
    expect(stack.curtailedJoules).toBe(wh(500));
    expect(stack.unmatchedContractJoules).toBe(wh(200));
    expect(stack.matchedGreenJoules).toBe(wh(1000));
    expect(stack.availableGreenJoules).toBe(wh(1700));
  });

  const watts = fc.double({ min: 0, max: 5e8, noNaN: true });
  const supply = fc.record({
    directPvWatts: watts,
    hydroDirectShare: fc.double({ min: 0, max: 1, noNaN: true }),
    storageWatts: watts,
    contractWatts: watts,
  });
  const load = fc.bigInt({ min: 0n, max: 10n ** 13n });

  it('counts nothing twice, whatever the load and the supply', () => {
    fc.assert(
      fc.property(load, supply, (loadJoules, hour) => {
        const stack = supplyStack(loadJoules as ReturnType<typeof joules>, hour);
        const parts = supplySources.map((source) => stack.bySource[source]);
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(loadJoules);
        expect(parts.every((part) => part >= 0n)).toBe(true);
        expect(stack.matchedGreenJoules + stack.bySource.grid).toBe(loadJoules);
        expect(stack.matchedGreenJoules <= stack.availableGreenJoules).toBe(true);
        const unused = stack.curtailedJoules + stack.unmatchedContractJoules;
        expect(unused >= 0n && stack.matchedGreenJoules + unused <= stack.availableGreenJoules).toBe(true);
      }),
    );
  });

  it('no share leaves 0..1, and hour-matched never exceeds volumetric', () => {
    const hour = fc.record({ loadJoules: load, supply, gridGreenShare: fc.double({ min: 0, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(hour, { maxLength: 30 }), (hours) => {
        const shares = greenShares(
          hours.map(({ loadJoules, supply: offered, gridGreenShare }) => ({
            stack: supplyStack(loadJoules as ReturnType<typeof joules>, offered),
            gridGreenShare,
          })),
        );
        for (const share of Object.values(shares)) expect(share === null || (share >= 0 && share <= 1)).toBe(true);
        expect((shares.hourMatched ?? 0) <= (shares.volumetric ?? 0) + 1e-12).toBe(true);
      }),
    );
  });
});

describe('green shares of two hours, one with all the sun and one with none', () => {
  const stack = (pv: number, contract: number) =>
    supplyStack(joules(3_600_000), { ...dark, directPvWatts: pv, contractWatts: contract });
  const shares = greenShares([
    { stack: stack(2000, 0), gridGreenShare: 0.8 },
    { stack: stack(0, 100), gridGreenShare: 0.3 },
  ]);

  it('volumetric calls it all green, hour-matched does not', () => {
    expect(shares.volumetric).toBe(1);
    expect(shares.hourMatched).toBeCloseTo(0.55, 12);
  });
  it('the hour-matched share is its physical and its contractual part', () => {
    expect(shares.physical).toBeCloseTo(0.5, 12);
    expect(shares.contractual).toBeCloseTo(0.05, 12);
  });
  it('grid average is the mix at the time of drawing: the first hour drew nothing', () => {
    expect(shares.gridAverage).toBeCloseTo(0.3, 12);
  });
  it('without load there is no share to tell', () => {
    expect(greenShares([])).toEqual({
      hourMatched: null,
      physical: null,
      contractual: null,
      volumetric: null,
      gridAverage: null,
    });
  });
});
