import { queueStartRows, queueStarts } from './queue-starts.js';

const job = (id: string) => ({
  id,
  tenant: 'blue',
  name: `name of ${id}`,
  class: 'training',
  submittedAt: '2026-11-23T08:00:00+08:00',
});
const at = (hour: number): string => `2026-11-23T${String(hour).padStart(2, '0')}:00:00+08:00`;
const told = (named: object = {}) => ({
  state: 'queued',
  refusal: { code: 'no-free-accelerators' },
  evidence: { ahead: 0 },
  estimatedStart: at(9),
  basis: 'reservation',
  pool: 'yueke',
  promise: { p50: at(10), p90: at(12) },
  ...named,
});

function api(explanations: Readonly<Record<string, object>>, nextCursor: string | null = null) {
  const asked: string[] = [];
  const get = async <T>(path: string): Promise<T> => {
    asked.push(path);
    const id = /^\/v1\/jobs\/(.+)\/explanation$/.exec(path)?.[1];
    return (id === undefined ? { items: Object.keys(explanations).map(job), nextCursor } : explanations[id]) as T;
  };
  return { asked, get };
}
const startsOf = async (explanations: Readonly<Record<string, object>>) =>
  (await queueStarts(api(explanations), new URLSearchParams({ limit: '50' }))).items;

describe('the starts of the queue', () => {
  it('are asked of those that wait, with the filters that were given', async () => {
    const client = api({ a: told() });
    await queueStarts(client, new URLSearchParams({ limit: '5', tenant: 'blue' }));
    expect(client.asked).toEqual(['/v1/jobs?limit=5&tenant=blue&state=queued', '/v1/jobs/a/explanation']);
  });

  it('say that others wait who are not among them', async () => {
    const query = new URLSearchParams({ limit: '1' });
    expect(await queueStarts(api({ a: told() }, 'on'), query)).toMatchObject({
      items: [{ id: 'a' }],
      nextCursor: 'on',
    });
    expect(await queueStarts(api({ a: told() }), query)).toMatchObject({ nextCursor: null });
  });

  it('tell the promise, the plan, the place and the reason', async () => {
    expect(await startsOf({ a: told({ evidence: { ahead: 3 } }) })).toEqual([
      {
        ...job('a'),
        p50: at(10),
        p90: at(12),
        estimatedStart: at(9),
        basis: 'reservation',
        pool: 'yueke',
        place: 4,
        reason: 'no-free-accelerators',
      },
    ]);
  });

  const orders: Record<string, { explanations: Record<string, object>; want: string[] }> = {
    'stand by the P50': {
      explanations: { late: told({ promise: { p50: at(11), p90: at(12) } }), soon: told() },
      want: ['soon', 'late'],
    },
    'stand by the plan where no P50 was told': {
      explanations: { a: told(), b: told({ promise: null }), c: told({ promise: { p50: null, p90: null } }) },
      want: ['b', 'c', 'a'],
    },
    'stand last where nothing was told, by their place': {
      explanations: {
        unseen: told({ promise: null, estimatedStart: null, evidence: null }),
        third: told({ promise: null, estimatedStart: null, evidence: { ahead: 2 } }),
        a: told(),
      },
      want: ['a', 'third', 'unseen'],
    },
    'leave out who has started meanwhile': { explanations: { a: told(), b: told({ state: 'running' }) }, want: ['a'] },
    'are those of all that are listed, though only some are asked at a time': {
      explanations: Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((id) => [id, told()])),
      want: ['a', 'b', 'c', 'd', 'e'],
    },
  };
  it.each(Object.entries(orders))('%s', async (_sentence, { explanations, want }) =>
    expect((await startsOf(explanations)).map(({ id }) => id)).toEqual(want),
  );

  it('are shown with a dash for what is not known', async () => {
    const starts = await startsOf({
      a: told({ promise: null, estimatedStart: null, evidence: null, pool: null, refusal: null }),
    });
    expect(queueStartRows(starts)).toEqual([['a', 'blue', 'name of a', '-', '-', '-', '-', '-', '-']]);
  });
});
