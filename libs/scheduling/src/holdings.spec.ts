import type { RunningJob } from './model.js';
import { Holdings } from './holdings.js';
import { NodeProfile } from './node-profile.js';
import { capacityOf } from './vector.js';

const capacity = capacityOf({ cards: 8, cores: 64, memoryGiB: 512 });

function books(): Holdings {
  const profiles = [new NodeProfile(4, capacity), new NodeProfile(4, capacity)];
  return new Holdings(profiles, [capacity, capacity], 'limit');
}

const attempt = (id: string, about: Partial<RunningJob> = {}): RunningJob => ({
  attemptId: id,
  jobId: `job of ${id}`,
  tenantId: 'tenant',
  groupId: 'group',
  nodeIndices: [0],
  nodeCount: 1,
  perNode: { cards: 2, cores: 8, memoryGiB: 8 },
  startedAt: 0,
  endsBy: 100,
  ...about,
});

describe('node-milliseconds that are held', () => {
  const cases: Record<string, [Partial<RunningJob>, number]> = {
    'a quarter of a node for its hundred seconds': [{}, 25_000],
    'as many nodes as are named': [{ nodeIndices: [1, 2, 3] }, 75_000],
    'as many nodes as are counted where none is named': [{ nodeIndices: [], nodeCount: 2 }, 50_000],
    'the dominant resource counts': [{ perNode: { cards: 2, cores: 32, memoryGiB: 8 } }, 50_000],
    'one second when the limit is now': [{ endsBy: 0 }, 250],
    'one second when the limit is past': [{ endsBy: -50 }, 250],
    'one second just before the limit': [{ endsBy: 1 }, 250],
    'two seconds before that': [{ endsBy: 2 }, 500],
  };
  it.each(Object.entries(cases))('%s', (_name, [about, expected]) => {
    const holdings = books();
    holdings.place(attempt('a', about), 1, about.nodeIndices?.length === 0);
    expect([...holdings.nodeMilliseconds(0)]).toEqual([0, expected]);
  });

  const predictedCases: Record<string, [Partial<RunningJob>, number]> = {
    'until it is predicted to end': [{ predictedEnd: 40 }, 10_000],
    'until its limit once the prediction is outlived': [{ predictedEnd: 0 }, 25_000],
    'until its limit where nothing was predicted': [{}, 25_000],
    'one second when the limit is past': [{ predictedEnd: -60, endsBy: -50 }, 250],
  };
  it.each(Object.entries(predictedCases))('by predicted run times: %s', (_name, [about, expected]) => {
    const holdings = new Holdings([new NodeProfile(4, capacity)], [capacity], 'predicted');
    holdings.place(attempt('a', about), 0, false);
    expect([...holdings.nodeMilliseconds(0)]).toEqual([expected]);
  });

  it('add up by group, in whole numbers', () => {
    const holdings = books();
    holdings.place(attempt('a'), 0, false);
    holdings.place(attempt('b', { perNode: { cards: 0.001, cores: 0, memoryGiB: 0 }, endsBy: 1 }), 0, false);
    holdings.place(attempt('c'), 1, false);
    expect([...holdings.nodeMilliseconds(0)]).toEqual([25_000, 25_000]);
    holdings.end('c');
    expect([...holdings.nodeMilliseconds(0)]).toEqual([25_000, 0]);
  });
});
