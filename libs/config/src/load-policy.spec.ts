import { defaultServicePolicy, type ServicePolicy } from '#libs/application';
import { loadPolicy, parsePolicy, renderFaults, renderPolicy } from '#libs/config';
import { stringify } from 'yaml';

const minimal = {
  schema: 'policy/v1',
  name: 'small',
  order: 'fcfs',
  backfill: 'easy',
  reservationDepth: 1,
  maxStarts: 10,
  weights: { startDelay: 1, tightFit: 0, price: 0, green: 0, nearness: 0 },
};
const policyOf = (file: object): ServicePolicy => {
  const parsed = parsePolicy('policy.yaml', stringify(file));
  if (parsed.kind === 'faults') throw new Error(renderFaults(parsed.faults));
  return parsed.policy;
};
const faultsOf = (file: object | string): string[] => {
  const parsed = parsePolicy('policy.yaml', typeof file === 'string' ? file : stringify(file));
  return parsed.kind === 'ok' ? [] : parsed.faults.map(({ path, problem, remedy }) => `${path}: ${problem}; ${remedy}`);
};
const see = 'seeds/policy.yaml names every key with its range';

it('the seeds say what the service runs by without them', async () => {
  const loaded = await loadPolicy('seeds/policy.yaml');
  if (loaded.kind === 'faults') throw new Error(renderFaults(loaded.faults));
  expect(loaded.policy).toEqual(defaultServicePolicy);
});

it('what is left out has its default: nobody is preempted unless the file says so', () => {
  expect(policyOf(minimal)).toEqual({
    name: 'small',
    latencyStaleSeconds: 86_400,
    planning: {
      order: 'fcfs',
      backfill: 'easy',
      reservationDepth: 1,
      maxStarts: 10,
      runTimes: 'limit',
      predictor: 'tsafrir',
      weights: minimal.weights,
      fairShare: { halfLifeSeconds: 1_209_600, accrualSeconds: 60, entryPenaltySeconds: 600 },
    },
  });
});

it('"off" and mappings reach the planner in its own words', () => {
  const { planning } = policyOf({
    ...minimal,
    quotas: 'off',
    elastic: 'off',
    preemption: { minRunSeconds: 0, maxPreemptors: 1 },
    fairShare: { halfLifeSeconds: 60 },
  });
  expect(planning).toMatchObject({
    quotas: 'off',
    elastic: 'off',
    preemption: { reclaim: false, minRunSeconds: 0, maxPreemptors: 1 },
    fairShare: { halfLifeSeconds: 60, accrualSeconds: 60 },
  });
  expect(policyOf({ ...minimal, quotas: 'on', elastic: 'on', preemption: 'off' })).toEqual(policyOf(minimal));
});

it.each([minimal, { ...minimal, quotas: 'off', preemption: { bandsBelow: 1, minRunSeconds: 5, maxPreemptors: 2 } }])(
  'a policy written out is read back as the same: %#',
  (file) => {
    const policy = policyOf(file);
    expect(parsePolicy('again', renderPolicy(policy))).toEqual({ kind: 'ok', policy });
  },
);

const cases: Record<string, { file: object | string; wantFaults: string[] }> = {
  'a key that is mistyped is refused with the nearest word': {
    file: { ...minimal, reservationDept: 3 },
    wantFaults: ['reservationDept: "reservationDept" is no key of a policy here; did you mean "reservationDepth"?'],
  },
  'so is one inside a mapping': {
    file: { ...minimal, fairShare: { halfLiveSeconds: 60 } },
    wantFaults: [
      'fairShare.halfLiveSeconds: "halfLiveSeconds" is no key of a policy here; did you mean "halfLifeSeconds"?',
    ],
  },
  'and one inside preemption, which may also be off': {
    file: { ...minimal, preemption: { minRunSeconds: 1, maxPreemptors: 1, bandBelow: 2 } },
    wantFaults: ['preemption.bandBelow: "bandBelow" is no key of a policy here; did you mean "bandsBelow"?'],
  },
  'a key nobody could have meant': {
    file: { ...minimal, colourOfTheSky: 1 },
    wantFaults: [`colourOfTheSky: "colourOfTheSky" is no key of a policy here; remove it; ${see}`],
  },
  'an order that there is not': {
    file: { ...minimal, order: 'backwards' },
    wantFaults: [`order: is none of fcfs, sjf, saf, wfp3, unicep, f1, fair; ${see}`],
  },
  'a word that is mistyped': {
    file: { ...minimal, backfill: 'conservativ' },
    wantFaults: ['backfill: is none of none, easy, conservative; did you mean "conservative"?'],
  },
  'a number below its range': {
    file: { ...minimal, maxStarts: 0 },
    wantFaults: [`maxStarts: is below 1; ${see}`],
  },
  'a number above its range': {
    file: { ...minimal, preemption: { minRunSeconds: 604_801, maxPreemptors: 1 } },
    wantFaults: [`preemption.minRunSeconds: is above 604800; ${see}`],
  },
  'a text for a number': {
    file: { ...minimal, reservationDepth: 'deep' },
    wantFaults: [`reservationDepth: is missing or is no number; ${see}`],
  },
  'preemption that is neither off nor a mapping': {
    file: { ...minimal, preemption: 'on' },
    wantFaults: [`preemption: is neither off nor a mapping; ${see}`],
  },
  'weights that do not add up to 1': {
    file: { ...minimal, weights: { ...minimal.weights, green: 0.1 } },
    wantFaults: ['weights: do not add up to 1; mend the five weights'],
  },
  'all faults at once': {
    file: { ...minimal, order: undefined, maxStarts: -1, weights: { startDelay: 1 } },
    wantFaults: [
      `order: is none of fcfs, sjf, saf, wfp3, unicep, f1, fair; ${see}`,
      `maxStarts: is below 1; ${see}`,
      ...['tightFit', 'price', 'green', 'nearness'].map((key) => `weights.${key}: is missing or is no number; ${see}`),
    ],
  },
  'what is no YAML': {
    file: 'order: [fair',
    wantFaults: [expect.stringContaining('is no YAML here') as unknown as string],
  },
  'an empty file': { file: '', wantFaults: [`: is missing or is no object; ${see}`] },
};
it.each(Object.entries(cases))('%s', (_sentence, { file, wantFaults }) => {
  const faults = faultsOf(file);
  for (const want of wantFaults) expect(faults).toContainEqual(want);
  expect(faults).toHaveLength(wantFaults.length);
});

it('every number holds at both ends of its range', () => {
  const ends = (key: string, [least, most]: readonly [number, number]) =>
    [least - 1, least, most, most + 1].map((value) => faultsOf({ ...minimal, [key]: value }).length);
  for (const [key, range] of Object.entries({
    reservationDepth: [0, 100_000],
    maxStarts: [1, 100_000],
    latencyStaleSeconds: [1, 604_800],
  } as const))
    expect([key, ...ends(key, range)]).toEqual([key, 1, 0, 0, 1]);
});

it('a fault names its line', () => {
  const parsed = parsePolicy('mine.yaml', 'schema: policy/v1\nname: a\norder: fifo\n');
  expect(parsed.kind === 'faults' && parsed.faults.map(({ where }) => where)).toContain('mine.yaml:3 order');
});
