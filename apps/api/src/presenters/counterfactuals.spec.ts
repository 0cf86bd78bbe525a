import type { Counterfactual, Counterfactuals } from '#libs/application';
import type { JobRequest } from '#libs/domain';
import type { Change } from '#libs/scheduling';
import type { Reference } from '../reference.js';
import { changeShown, counterfactualsShown } from './counterfactuals.js';

const ten = Date.parse('2026-11-23T10:00:00+08:00');
const reference = {
  poolName: () => ({ zh: '悦科', en: 'Yueke' }),
  isSimulated: () => true,
  assumptionsBehindEnergy: () => [],
} as unknown as Reference;
const request: JobRequest = {
  name: 'fold', class: 'training', resources: { nodes: 4, acceleratorsPerNode: 8 }, timeLimitSeconds: 7200, run: { image: 'i' },
}; // prettier-ignore
const energy = { energyKwh: 6, costYuan: 3.6, gramsCo2: { location: 3, market: 4 }, greenShare: { hourMatched: 0, gridAverage: 0.4 } }; // prettier-ignore
const nothing = { estimateSeconds: 0, p50Seconds: null, p90Seconds: null, costYuan: 0, energyKwh: 0, gramsCo2: { location: 0, market: 0 }, greenShare: { hourMatched: 0, gridAverage: 0 } }; // prettier-ignore
const evidence = { nodesConsidered: 8, filteredBy: {}, best: null, ahead: 2 };
const one = (
  named: Partial<Omit<Counterfactual, 'gain'>> & { gain?: Partial<Counterfactual['gain']> } = {},
): Counterfactual => ({
  change: { kind: 'any-pool' },
  option: {
    poolId: 'yueke',
    groupId: 'g',
    start: { estimateMs: ten, p50Ms: null, p90Ms: null, basis: 'reservation' },
    stagingSeconds: null,
    refusal: null,
    evidence,
    energy,
  },
  startsOnlySo: false,
  workShare: 1,
  ...named,
  gain: { ...nothing, ...named.gain },
});
const told = (named: Partial<Counterfactuals> = {}): Counterfactuals => ({
  asItIs: { option: null, refusal: 'quota-spent' },
  tried: [{ kind: 'any-pool' }, { kind: 'borrow' }],
  helpful: [],
  nothingHelps: null,
  ...named,
});
const shown = (named: Partial<Counterfactuals>) => counterfactualsShown(told(named), request, reference);

describe('what would be sent otherwise', () => {
  const patches: Record<string, readonly [Change, object]> = {
    'no list of pools': [{ kind: 'any-pool' }, { constraints: { pools: null } }],
    'other models': [{ kind: 'other-model', models: ['h20'] }, { resources: { acceleratorModels: ['h20'] } }],
    'no latency limit': [{ kind: 'any-latency' }, { constraints: { maxLatencyMs: null } }],
    'fewer nodes': [{ kind: 'fewer-nodes', nodes: 2 }, { resources: { nodes: 2 } }],
    'a shorter limit': [{ kind: 'shorter-limit', limit: 60 }, { timeLimitSeconds: 60 }],
    'a later deadline': [
      { kind: 'later-deadline', deadline: ten / 1000 },
      { constraints: { deadline: '2026-11-23T10:00:00+08:00' } },
    ],
    'no green floor': [{ kind: 'no-green-floor' }, { constraints: { minGreenShare: null } }],
    'no earliest start': [{ kind: 'no-earliest-start' }, { constraints: { earliestStart: null } }],
    'that it may be preempted': [{ kind: 'preemptible' }, { flexibility: { preemptible: true } }],
  };
  it.each(Object.entries(patches))('%s', (_sentence, [change, patch]) => {
    expect(changeShown(change, request)).toEqual({ kind: change.kind, of: 'request', patch });
  });
  it('fewer nodes at least, of an elastic job', () => {
    const elastic = { ...request, resources: { ...request.resources, nodesMax: 8 } };
    expect(changeShown({ kind: 'fewer-nodes', nodes: 2 }, elastic).patch).toEqual({ resources: { nodes: { min: 2, max: 8 } } }); // prettier-ignore
  });
  it('nothing where the quota is in the way: operators change that', () => {
    expect(changeShown({ kind: 'borrow' }, request)).toEqual({ kind: 'borrow', of: 'tenant-quota', patch: { borrowingLimit: null } }); // prettier-ignore
  });
});

describe('in words', () => {
  const at = '2026-11-23T10:00:00+08:00';
  const sentences: Record<string, readonly [Parameters<typeof one>[0], string, string]> = {
    'an hour and a minute sooner': [
      { gain: { estimateSeconds: 3660 } },
      `In any pool it would start at ${at} in Yueke, 1 h 1 min sooner.`,
      `不限定资源池：预计 ${at} 在悦科开始，提前 1 小时 1 分钟。`,
    ],
    'later and cheaper': [
      { gain: { estimateSeconds: -86_400, costYuan: 1.5 } },
      `In any pool it would start at ${at} in Yueke, 1 d later, for 1.50 yuan less.`,
      `不限定资源池：预计 ${at} 在悦科开始，推迟 1 天，电费少 1.50 元。`,
    ],
    'dearer and greener': [
      { gain: { costYuan: -0.01, greenShare: { hourMatched: 0.123, gridAverage: 0 } } },
      `In any pool it would start at ${at} in Yueke, no sooner and no later, for 0.01 yuan more, with 12.3 points more of hour-matched green power.`,
      `不限定资源池：预计 ${at} 在悦科开始，开始时间不变，电费多 0.01 元，逐时绿电占比高 12.3 个百分点。`,
    ],
    'less work': [
      { change: { kind: 'fewer-nodes', nodes: 1 }, workShare: 0.25, gain: { estimateSeconds: 59 } },
      `On 1 node it would start at ${at} in Yueke, 59 s sooner, but it may compute only 25 % as much, so less cost and energy are no gain.`,
      `只用 1 个节点：预计 ${at} 在悦科开始，提前 59 秒，时限内可完成的计算量约为原来的 25%，少花的电费与电量不算节省。`,
    ],
    'other cards': [
      { change: { kind: 'other-model', models: ['h20'] }, workShare: null, gain: { estimateSeconds: 60 } },
      `On h20 it would start at ${at} in Yueke, 1 min sooner, on cards of another speed.`,
      `改用加速卡 h20：预计 ${at} 在悦科开始，提前 1 分钟，换卡后算力不同。`,
    ],
    'no start otherwise': [
      { change: { kind: 'borrow' }, startsOnlySo: true },
      `If the quota of its tenant, or what it may borrow, were enough it would start at ${at} in Yueke, while no start is in sight as it is.`,
      `若租户配额或可借用额度足够：预计 ${at} 在悦科开始，否则看不到开始时间。`,
    ],
  };
  it.each(Object.entries(sentences))('%s', (_sentence, [named, en, zh]) => {
    expect(shown({ helpful: [one(named)] }).items[0]!.text).toEqual({ zh, en });
  });

  it('the P50 is told before the estimate', () => {
    const [item] = shown({
      helpful: [one({ gain: { estimateSeconds: 60, p50Seconds: 120.4, p90Seconds: -0.6 } })],
    }).items;
    expect(item).toMatchObject({
      text: { en: expect.stringContaining('2 min sooner') },
      gain: { estimateSeconds: 60, p50Seconds: 120, p90Seconds: -1, costYuan: '0' },
    });
  });

  const summaries: Record<string, readonly [Partial<Counterfactuals>, string]> = {
    'one that helps': [{ helpful: [one()] }, 'Of 2 changes that were tried one at a time, this 1 helps.'],
    'several that help': [
      { helpful: [one(), one()] },
      'Of 2 changes that were tried one at a time, these 2 help, the soonest first.',
    ],
    'it starts now': [
      { nothingHelps: { kind: 'starts-now' } },
      'None of the 2 changes that were tried would help, because it would start at once as it is, and none makes it cheaper or greener.',
    ],
    'others are ahead': [
      { nothingHelps: { kind: 'others-ahead', evidence } },
      'None of the 2 changes that were tried would help, because it waits for others either way: 8 nodes were considered; 2 jobs are ahead.',
    ],
    'it is refused': [
      { nothingHelps: { kind: 'refused', refusal: 'class-not-served' } },
      'None of the 2 changes that were tried would help, because the pool does not serve jobs of this class.',
    ],
  };
  it.each(Object.entries(summaries))('the sum of it: %s', (_sentence, [named, en]) => {
    expect(shown(named).text.en).toBe(en);
  });

  it('of a job that does not wait there is nothing to tell', () => {
    expect(counterfactualsShown(null, request, reference)).toMatchObject({ asItIs: null, tried: [], items: [] });
  });
});
