import { type Counterfactuals, whatIfRows } from './what-if-table.js';

const text = { zh: '列出 2 项。', en: 'These 2 help.' };
const asItIs = {
  pool: 'yueke',
  start: { estimate: '2026-11-23T10:00:00+08:00', p50: '2026-11-23T10:05:00+08:00', p90: '2026-11-23T11:00:00+08:00' },
  costYuan: '4.772879',
  energyKwh: 7.5264,
  gramsCo2: { location: 2198.5 },
  greenShare: { hourMatched: 0.2065 },
};
const item = (named: Partial<Counterfactuals['items'][number]> = {}): Counterfactuals['items'][number] => ({
  ...asItIs,
  change: { kind: 'fewer-nodes', patch: { resources: { nodes: 2 } } },
  start: { estimate: '2026-11-23T09:00:00+08:00', p50: null, p90: null },
  costYuan: '2.386439',
  gain: {
    estimateSeconds: 3600,
    p50Seconds: null,
    costYuan: '2.38644',
    energyKwh: 0.01,
    gramsCo2: { location: -500 },
    greenShare: { hourMatched: 0.1 },
  },
  startsOnlySo: false,
  workShare: 0.5,
  ...named,
});
const rowsOf = (told: Partial<Counterfactuals> = {}): string[][] =>
  whatIfRows({ asItIs: { offer: asItIs, refusal: null }, items: [item()], text, ...told });

describe('the table of what a change would do', () => {
  it('has the job as it is, then each change with its differences', () => {
    expect(rowsOf()).toEqual([
      ['CHANGE', 'SEND', 'POOL', 'START', 'P90', 'SOONER', 'YUAN', 'KWH', 'KGCO2', 'GREEN', 'WORK'],
      ['as it is', '', 'yueke', '2026-11-23 10:05:00', '2026-11-23 11:00:00', '', '4.77', '7.5', '2.2', '20.6', ''],
      [
        'fewer-nodes', '{"resources":{"nodes":2}}', 'yueke', '2026-11-23 09:00:00', '-', '1.0h', '2.39 (-2.39)', '7.5', '2.2 (+0.5)',
        '20.6 (+10.0)', '50.0%',
      ],
    ]);
  }); // prettier-ignore

  const gained: Record<string, [Partial<Counterfactuals['items'][number]>, string]> = {
    'the P50 where it is known': [{ gain: { ...item().gain, p50Seconds: 120 } }, '2m'],
    'a minus where it is later': [{ gain: { ...item().gain, estimateSeconds: -30 } }, '-30s'],
    'nothing where it is neither': [{ gain: { ...item().gain, estimateSeconds: 0 } }, '0s'],
    'that there is no start otherwise': [{ startsOnlySo: true }, 'starts only so'],
  };
  it.each(Object.entries(gained))('tells under SOONER %s', (_sentence, [named, want]) => {
    expect(rowsOf({ items: [item(named)] })[2]?.[5]).toBe(want);
  });

  it('names what refuses the job as it is, and other cards', () => {
    const [, base, changed] = rowsOf({
      asItIs: { offer: null, refusal: { code: 'quota-spent' } },
      items: [item({ workShare: null })],
    });
    expect(base).toEqual(['as it is', '', '-', '-', '-', 'quota-spent', '-', '-', '-', '-', '']);
    expect(changed?.at(-1)).toBe('other cards');
  });

  it('is empty where nothing helps, or nothing waits', () => {
    expect(rowsOf({ items: [] })).toEqual([]);
    expect(rowsOf({ asItIs: null })).toEqual([]);
  });
});
