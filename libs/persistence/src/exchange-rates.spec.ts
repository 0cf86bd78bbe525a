import { type FreshDatabase, aPool, aTenant, freshDatabase, insertRows } from '#libs/testing';
import { openDatabase, type Database } from './database.js';
import { PostgresPlannerFeed } from './planner-feed.js';

/** Midnight in Shanghai. */
const day = (date: string): number => Date.parse(`${date}T00:00:00+08:00`);
const rows = [
  { model: 'card-a', per: 'card', precision: 'fp16', validFrom: '2026-12-01', rate: { value: 0.5 } },
  { model: 'card-a', per: 'card', precision: 'fp16', validFrom: '2027-01-01', rate: { value: 0.25 } },
  { model: 'card-a', per: 'card', precision: 'fp64', validFrom: '2026-12-01', rate: { value: 7 } },
  { model: 'node-c', per: 'node', precision: 'fp64', validFrom: '2026-12-01', rate: { value: 0.125 } },
];

let fresh: FreshDatabase;
let system: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 2 });
  await insertRows(system, { tenants: [aTenant('blue')], pools: [aPool('one')] });
  await system.query(
    `insert into reference (kind, id, position, body, seed_hash)
     select 'exchangeRates', i::text, i::int, row, 'x' from json_array_elements($1::json) with ordinality as t(row, i)`,
    [JSON.stringify(rows)],
  );
});
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});

describe('what a card counts for goes by the row of its model in force', () => {
  interface Case {
    readonly model?: string | null;
    readonly nodeType?: string;
    readonly at: number;
    readonly want: number;
  }
  const cases: Record<string, Case> = {
    'before the first row it is a reference card': { at: day('2026-11-30'), want: 1 },
    'to the last moment of the day before': { at: day('2026-12-01') - 1, want: 1 },
    'from midnight in Shanghai of the day itself': { at: day('2026-12-01'), want: 0.5 },
    'which is the afternoon before by universal time': { at: Date.parse('2026-11-30T16:00:00Z'), want: 0.5 },
    'until the last moment before the next row': { at: day('2027-01-01') - 1, want: 0.5 },
    'from the day of which that one counts': { at: day('2027-01-01'), want: 0.25 },
    'and for ever after': { at: day('2040-06-01'), want: 0.25 },
    'a card that is not in the table is a reference card': { model: 'card-z', at: day('2027-01-01'), want: 1 },
    'a node without cards counts by its own row, at FP64': { model: null, nodeType: 'node-c', at: day('2026-12-01'), want: 0.125 },
    'a node without cards that is not in the table counts as one': { model: null, nodeType: 'node-z', at: day('2026-12-01'), want: 1 },
    'and not before its day': { model: null, nodeType: 'node-c', at: day('2026-12-01') - 1, want: 1 },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', async (_sentence, { model = 'card-a', nodeType = 'node-c', at, want }) => {
    const { rows: found } = await system.query<{ rate: number }>('select exchange_rate_at($1, $2, $3) as rate', [
      model, nodeType, new Date(at),
    ]); // prettier-ignore
    expect(found[0]?.rate).toBe(want);
  });
});

describe('a planner that runs when a row comes into force', () => {
  const rateAt = async (feed: PostgresPlannerFeed, now: number) =>
    (await feed.cold(now)).snapshot.groups[0]?.exchangeRate;

  it('is told that it is lost, once, and starts cold with the new rate', async () => {
    const feed = new PostgresPlannerFeed(system);
    const turn = day('2027-01-01');
    const { cursor, snapshot } = await feed.cold(turn - 2);
    expect(snapshot.groups[0]?.exchangeRate).toBe(0.5);
    expect((await feed.since(cursor, turn - 1)).kind).toBe('deltas');
    expect((await feed.since(cursor, turn)).kind).toBe('lost');
    expect(await rateAt(feed, turn)).toBe(0.25);
    expect((await feed.since(cursor, turn + 1)).kind).toBe('deltas');
  });

  it('and one that slept over it too', async () => {
    const feed = new PostgresPlannerFeed(system);
    const { cursor } = await feed.cold(day('2026-11-20'));
    expect((await feed.since(cursor, day('2026-12-24'))).kind).toBe('lost');
  });
});
