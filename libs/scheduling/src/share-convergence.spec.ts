import fc from 'fast-check';
import { aJob } from './testing/builders.js';
import type { TenantModel } from './model.js';
import { fairOrder } from './order.js';
import { ShareBook, type ShareCharge } from './share-book.js';
import { runs } from './testing/runs.js';

const HALF_LIFE = 86_400;
const CARDS = 60;

interface Player {
  readonly id: string;
  readonly parentId?: string;
  readonly weight: number;
  /** Cards and seconds of each of its jobs; absent: it asks for nothing. */
  readonly cards?: number;
  readonly seconds?: number;
}

/** Part of all card-seconds that each tenant got of a full machine, everybody always waiting; by the planner's own order. */
function sharesOf(players: readonly Player[], cycles = 4000): Map<string, number> {
  const book = new ShareBook({ halfLifeSeconds: HALF_LIFE, entryPenaltySeconds: 600 });
  const usage = new Map<string, number>();
  const got = new Map<string, number>();
  const active: { charge: ShareCharge; endsAt: number }[] = [];
  const waiting = players.filter((player) => player.cards !== undefined);
  const jobs = new Map(waiting.map(({ id }) => [id, aJob(id, { tenantId: id })]));
  let free = CARDS;
  let total = 0;
  for (let cycle = 0, now = 0; cycle < cycles; cycle++, now += 60) {
    for (const [id, use] of usage) usage.set(id, use * 0.5 ** (60 / HALF_LIFE));
    for (const { charge, endsAt } of active.splice(0)) {
      if (endsAt > now) active.push({ charge, endsAt });
      else {
        free += charge.milli / 1000;
        book.end(charge);
        usage.set(
          charge.tenantId,
          (usage.get(charge.tenantId) ?? 0) + (charge.milli / 1000) * (now - charge.startedAt),
        );
      }
    }
    book.setTenants(players.map(({ id, parentId = null, weight }): TenantModel => ({ id, parentId, weight, usage: usage.get(id) ?? 0, usageAsOf: now }))); // prettier-ignore
    for (;;) {
      const order = fairOrder(book.ranksAt(now));
      const key = ({ id }: Player): number => order.first(jobs.get(id)!);
      const next = waiting.toSorted((a, b) => key(a) - key(b))[0]!;
      if (next.cards! > free) break; // who goes first is waited for
      const charge = { tenantId: next.id, milli: next.cards! * 1000, startedAt: now };
      book.start(charge);
      active.push({ charge, endsAt: now + next.seconds! });
      free -= next.cards!;
      got.set(next.id, (got.get(next.id) ?? 0) + next.cards! * next.seconds!);
      total += next.cards! * next.seconds!;
    }
  }
  return new Map([...got].map(([id, use]) => [id, use / total]));
}

const cases: Record<string, { players: Player[]; want: Record<string, number> }> = {
  'equal weights get equal shares, though one asks for long and wide jobs and one for short and small ones': {
    players: [
      { id: 'a', weight: 1, cards: 8, seconds: 7200 },
      { id: 'b', weight: 1, cards: 1, seconds: 300 },
      { id: 'c', weight: 1, cards: 4, seconds: 1800 },
    ],
    want: { a: 1 / 3, b: 1 / 3, c: 1 / 3 },
  },
  'shares go by weight': {
    players: [
      { id: 'a', weight: 1, cards: 2, seconds: 900 },
      { id: 'b', weight: 2, cards: 2, seconds: 900 },
      { id: 'c', weight: 3, cards: 2, seconds: 900 },
    ],
    want: { a: 1 / 6, b: 1 / 3, c: 1 / 2 },
  },
  'level by level: a family has its share however many it is, and its members theirs of that': {
    players: [
      { id: 'p', weight: 1 },
      { id: 'p/1', parentId: 'p', weight: 1, cards: 2, seconds: 900 },
      { id: 'p/2', parentId: 'p', weight: 2, cards: 2, seconds: 900 },
      { id: 'q', weight: 1, cards: 2, seconds: 900 },
    ],
    want: { 'p/1': 1 / 6, 'p/2': 1 / 3, q: 1 / 2 },
  },
  'what one does not ask for is shared by the others': {
    players: [
      { id: 'a', weight: 1, cards: 2, seconds: 900 },
      { id: 'b', weight: 1, cards: 2, seconds: 900 },
      { id: 'idle', weight: 8 },
    ],
    want: { a: 1 / 2, b: 1 / 2 },
  },
};

/** What each is due of a full machine where all leaves ask: its part of the weights, level by level. */
function dueOf(players: readonly Player[]): Map<string, number> {
  const due = ({ parentId, weight }: Player): number => {
    const siblings = players.filter((one) => one.parentId === parentId);
    const parent = players.find(({ id }) => id === parentId);
    return (weight / siblings.reduce((sum, one) => sum + one.weight, 0)) * (parent ? due(parent) : 1);
  };
  return new Map(players.filter(({ cards }) => cards !== undefined).map((player) => [player.id, due(player)]));
}
const work = { cards: fc.integer({ min: 1, max: 4 }), seconds: fc.constantFrom(300, 900, 1800) };
const weight = fc.integer({ min: 1, max: 4 });
/** Three to five tenants: at the top, or up to three of them below one. */
const anyPlayers: fc.Arbitrary<Player[]> = fc
  .tuple(
    fc.array(fc.record({ weight, ...work }), { minLength: 1, maxLength: 2 }),
    weight,
    fc.array(fc.record({ weight, ...work }), { minLength: 2, maxLength: 3 }),
  )
  .map(([top, ofFamily, below]) => [
    ...top.map((player, n) => ({ id: `t${n}`, ...player })),
    { id: 'family', weight: ofFamily },
    ...below.map((player, n) => ({ id: `family/${n}`, parentId: 'family', ...player })),
  ]);

describe('fair share under saturation', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { players, want }) => {
    const shares = sharesOf(players);
    for (const [id, share] of Object.entries(want)) expect(Math.abs(shares.get(id)! - share)).toBeLessThan(0.03);
  });

  it('whatever the weights, sizes and lengths: after eight hours within two hundredths of the machine of what each is due', () => {
    fc.assert(
      fc.property(anyPlayers, (players) => {
        const shares = sharesOf(players, 480);
        for (const [id, due] of dueOf(players)) expect(Math.abs(shares.get(id)! - due)).toBeLessThan(0.02);
      }),
      { numRuns: runs(15), seed: 20_261_124 },
    );
  });

  it('nobody gains by splitting into tenants below its own', () => {
    const rest: Player[] = [
      { id: 'b', weight: 1, cards: 2, seconds: 900 },
      { id: 'c', weight: 1, cards: 2, seconds: 900 },
    ];
    const whole = sharesOf([{ id: 'a', weight: 1, cards: 2, seconds: 900 }, ...rest]).get('a')!;
    const parts = [1, 2, 3, 4, 5].map((n): Player => ({
      id: `a/${n}`,
      parentId: 'a',
      weight: n,
      cards: 2,
      seconds: 900,
    }));
    const split = sharesOf([{ id: 'a', weight: 1 }, ...parts, ...rest]);
    const sum = parts.reduce((acc, { id }) => acc + (split.get(id) ?? 0), 0);
    expect(Math.abs(sum - whole)).toBeLessThan(0.02);
  });
});
