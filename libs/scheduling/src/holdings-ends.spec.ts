import { holdEnd, holdingOf } from './holdings.js';
import type { PlanningPolicy, RunningJob } from './model.js';
import { onAQuarter } from './testing/asks-and-holds.js';
import { askOf } from './vector.js';

describe('when an attempt is planned to let go', () => {
  interface Case {
    readonly about: Partial<RunningJob>;
    readonly now?: number;
    readonly runTimes?: PlanningPolicy['runTimes'];
    readonly want: number;
  }
  const cases: Record<string, Case> = {
    'at its limit': { about: {}, want: 100 },
    'at its limit, whatever is predicted, where limits are planned with': { about: { predictedEnd: 40 }, want: 100 },
    'as predicted, where that is planned with': { about: { predictedEnd: 40 }, runTimes: 'predicted', want: 40 },
    'as predicted until the second before': {
      about: { predictedEnd: 40 },
      now: 39,
      runTimes: 'predicted',
      want: 40,
    },
    'at its limit once the prediction is outlived': {
      about: { predictedEnd: 40 },
      now: 40,
      runTimes: 'predicted',
      want: 100,
    },
    'at its limit where nothing is predicted': { about: {}, runTimes: 'predicted', want: 100 },
    'never later than its limit, however late it is predicted': {
      about: { predictedEnd: 400 },
      runTimes: 'predicted',
      want: 100,
    },
    'at the next full minute once its limit has come': { about: {}, now: 100, want: 120 },
    'at its limit in the second before': { about: {}, now: 99, want: 100 },
    'at the next full minute, not at this one': { about: {}, now: 120, want: 180 },
    'the second before a full minute it is that one': { about: {}, now: 119, want: 120 },
    'at the next full minute once prediction and limit are past': {
      about: { predictedEnd: 40 },
      now: 101,
      runTimes: 'predicted',
      want: 120,
    },
    'at the next full minute while it is being stopped': { about: { leaving: true }, now: 5, want: 60 },
    'being stopped goes before what is predicted': {
      about: { leaving: true, predictedEnd: 30 },
      runTimes: 'predicted',
      want: 60,
    },
    'one that is not being stopped says so or nothing': { about: { leaving: false }, want: 100 },
    'never, without an end to its limit': { about: { endsBy: Infinity }, runTimes: 'predicted', want: Infinity },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { about, now = 0, runTimes = 'limit', want }) => {
    expect(holdEnd(onAQuarter('a', about), now, runTimes)).toBe(want);
  });
});

describe('what an attempt holds', () => {
  const perNode = askOf({ cards: 2, cores: 8, memoryGiB: 8 });
  const cases: Record<string, { about: Partial<RunningJob>; want: ReturnType<typeof holdingOf> }> = {
    'its nodes, as many as they are': {
      about: { nodeIndices: [3, 1], nodeCount: 9 },
      want: { nodes: [3, 1], count: 2, perNode },
    },
    'so many nodes, where they are not told': {
      about: { nodeIndices: [], nodeCount: 9 },
      want: { nodes: [], count: 9, perNode },
    },
    'its cards, where they are told': {
      about: { devices: [[0, 1]] },
      want: { nodes: [0], count: 1, perNode, devices: [[0, 1]] },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { about, want }) => {
    expect(holdingOf(onAQuarter('a', about))).toEqual(want);
  });
});
