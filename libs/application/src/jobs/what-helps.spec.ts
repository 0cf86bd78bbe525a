import type { JobRequest } from '#libs/domain';
import type { PoolOption, QueuedJob, WhatIfs } from '#libs/scheduling';
import type { JobView } from '../ports.js';
import { aSiteBook } from '../testing/a-site-book.js';
import { OptionPrices } from './option-prices.js';
import { Turns } from './turns.js';
import { WhatHelps } from './what-helps.js';

const eight = Date.parse('2026-11-22T08:00:00+08:00');
const request: JobRequest = {
  name: 'fold',
  class: 'training',
  resources: { nodes: 1, acceleratorsPerNode: 8 },
  timeLimitSeconds: 3600,
  run: { image: 'registry.local/fold:1' },
};
const option: PoolOption = {
  poolId: 'pinned', groupId: 'pinned-a', estimatedStart: eight / 1000 + 600, endsBy: null, basis: 'reservation', score: 1, refusal: null,
  evidence: { nodesConsidered: 1, filteredBy: {}, best: null, ahead: 0 },
}; // prettier-ignore
const answer: WhatIfs = {
  base: { change: null, option, refusal: null },
  options: [option],
  changes: [{ change: { kind: 'any-pool' }, option: { ...option, estimatedStart: eight / 1000 }, refusal: null }],
};

/** A desk that notes what it is asked, in order. */
function asking(told: WhatIfs | null, asOf: number | null = eight) {
  const log: unknown[] = [];
  const desk = {
    asOf,
    refresh: async (now: number) => void log.push(['refresh', now]),
    quote: async () => [],
    admit: async () => ({ kind: 'ok' }) as const,
    whatIf: async (of: QueuedJob | string, now: number) => {
      log.push(['what if', of, now]);
      return told;
    },
  };
  const prices = new OptionPrices({ books: new Map([['here', aSiteBook()]]) });
  const turns = new Turns({ stopwatchMs: () => 0, pause: async () => undefined });
  return { log, whatHelps: new WhatHelps({ desk, prices, turns }) };
}
const aWaiting = (state: JobView['state'] = 'queued') => ({ id: 'j', state, request }) as unknown as JobView;
const asked = { now: eight, caller: 'k' };

describe('what helps a job that waits', () => {
  it('is asked by its id, after the picture was refreshed', async () => {
    const { log, whatHelps } = asking(answer);
    expect(await whatHelps.ofWaiting(aWaiting(), asked)).toMatchObject({
      asItIs: { option: { poolId: 'pinned', energy: { energyKwh: 6 } } },
      helpful: [{ change: { kind: 'any-pool' }, gain: { estimateSeconds: 600 } }],
    });
    expect(log).toEqual([
      ['refresh', eight],
      ['what if', 'j', eight / 1000],
    ]);
  });

  it('is asked of the picture of now, where that is newer than the question', async () => {
    const { log, whatHelps } = asking(answer, eight + 5000);
    await whatHelps.ofWaiting(aWaiting(), asked);
    expect(log.at(-1)).toEqual(['what if', 'j', eight / 1000 + 5]);
  });
  it('is asked at the time of the question, where the picture is older or not there', async () => {
    for (const asOf of [eight - 5000, null]) {
      const { log, whatHelps } = asking(answer, asOf);
      await whatHelps.ofWaiting(aWaiting(), asked);
      expect(log.at(-1)).toEqual(['what if', 'j', eight / 1000]);
    }
  });

  it('is nothing where the planner knows of no such job', async () => {
    expect(await asking(null).whatHelps.ofWaiting(aWaiting(), asked)).toBeNull();
  });
  it('is nothing where it does not wait, and nobody is asked', async () => {
    for (const state of ['running', 'placed', 'completed', 'cancelled'] as const) {
      const { log, whatHelps } = asking(answer);
      expect(await whatHelps.ofWaiting(aWaiting(state), asked)).toBeNull();
      expect(log).toEqual([]);
    }
  });
});

it('a job that is not submitted is told its options with it, of one and the same look', async () => {
  const { log, whatHelps } = asking(answer);
  const job = { id: 'quote' } as QueuedJob;
  const told = await whatHelps.ofNew(job, { ...asked, request });
  expect(told?.options).toEqual([told?.counterfactuals.asItIs.option]);
  expect(log).toEqual([['what if', job, eight / 1000]]);
  expect(await asking(null).whatHelps.ofNew(job, { ...asked, request })).toBeNull();
});
