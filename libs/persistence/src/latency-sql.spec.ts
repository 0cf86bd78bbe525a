import { effectiveLatency, freshSince } from './latency-sql.js';

const cases: Record<
  string,
  { probes: Parameters<typeof effectiveLatency>[1]; want: ReturnType<typeof effectiveLatency> }
> = {
  'nobody measured: what is assumed': { probes: null, want: { latencyMs: { echeng: 2, huarong: 3 } } },
  'a fresh median goes before what is assumed': {
    probes: { echeng: 1.5 },
    want: { latencyMs: { echeng: 1.5, huarong: 3 }, latencyBasis: { echeng: 'measured' } },
  },
  'stale probes leave what is assumed, and are flagged': {
    probes: { echeng: null },
    want: { latencyMs: { echeng: 2, huarong: 3 }, latencyBasis: { echeng: 'stale' } },
  },
  'a district that nothing is assumed of is known by its probes alone': {
    probes: { wuhan: 4 },
    want: { latencyMs: { echeng: 2, huarong: 3, wuhan: 4 }, latencyBasis: { wuhan: 'measured' } },
  },
  'and unknown again when they are stale': {
    probes: { wuhan: null },
    want: { latencyMs: { echeng: 2, huarong: 3 }, latencyBasis: { wuhan: 'stale' } },
  },
};

describe('measured before assumed', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { probes, want }) => {
    expect(effectiveLatency({ echeng: 2, huarong: 3 }, probes)).toEqual(want);
  });

  it('probes count for 24 hours or as long as the policy says, by whole hours', () => {
    const at = (time: string): number => Date.parse(`2026-11-24T${time}+08:00`);
    expect(freshSince(at('09:59:59'))).toBe(Date.parse('2026-11-23T09:00:00+08:00'));
    expect(freshSince(at('10:59:59'), 900)).toBe(Date.parse('2026-11-24T09:45:00+08:00'));
    expect(freshSince(at('10:00:00'))).toBe(Date.parse('2026-11-23T10:00:00+08:00'));
  });
});
