import type { JobKind, JobKinds } from './job-kinds.js';
import type { Seconds } from './model.js';
import type { Profile } from './profile.js';
import { RoomBook } from './room-book.js';
import { aJob } from './testing/builders.js';

interface FakeProfile {
  version: number;
  edge: Seconds;
  longest: number;
}
type Fake = Record<'kinds', JobKind[]> & { readonly profiles: FakeProfile[]; readonly book: RoomBook<string> };

const NOW = 1000;
const job = aJob('j');
const sets = [[0], [1], [0, 1]];

/** Two groups; kinds 0 and 1 may use one of them each, kind 2 both, and three jobs of each wait. */
function aBook(): Fake {
  const profiles = [0, 1].map((): FakeProfile => ({ version: 0, edge: Infinity, longest: 500 }));
  const kinds = sets.map(
    (eligible, index) => ({ index, eligible, set: index, waiting: 3, ask: {} }) as unknown as JobKind,
  );
  const asProfiles = profiles.map((profile) => ({
    get version() {
      return profile.version;
    },
    nextEdge: () => profile.edge,
    longest: () => profile.longest,
  }));
  const book = new RoomBook<string>({ byIndex: kinds } as unknown as JobKinds, asProfiles as unknown as Profile[]);
  return { kinds, profiles, book };
}

const reservation = { job, start: 2000, seconds: 60 };

/** What happens before and between two passes, by which it is told whether what the first found holds in the second. */
interface Case {
  readonly room: number;
  readonly kind?: number;
  /** When time frees something in group 0. */
  readonly edge?: Seconds;
  /** Taken in the first pass before the look. */
  readonly before?: (fake: Fake) => void;
  /** Taken after the look. */
  readonly after?: (fake: Fake) => void;
  readonly between?: (fake: Fake) => void;
  readonly at?: Seconds;
  /** Taken in the second pass before anybody asks. */
  readonly ahead?: (fake: Fake) => void;
  readonly want: number;
}

const reserve =
  (group: number, over: object = {}) =>
  ({ book }: Fake) =>
    book.reserved(group, { ...reservation, ...over });
const start =
  (group: number) =>
  ({ book }: Fake) =>
    book.started(group);
const changed =
  (group: number) =>
  ({ profiles }: Fake) =>
    void profiles[group]!.version++;

const cases: Record<string, Case> = {
  'as long as nothing happens': { room: 300, want: 300 },
  'that there is none': { room: 0, want: 0 },
  'not when its group has changed': { room: 300, between: changed(0), want: Infinity },
  'not that there was none when its group has changed': { room: 0, between: changed(0), want: Infinity },
  'when another group has changed': { room: 300, between: changed(1), want: 300 },
  'not when one of its two groups has changed': { room: 300, kind: 2, between: changed(1), want: Infinity },
  'until time frees something': { room: 300, edge: 1060, at: 1059, want: 300 },
  'not when time has freed something': { room: 300, edge: 1060, at: 1060, want: Infinity },
  'not at an earlier time': { room: 300, at: NOW - 1, want: Infinity },
  'whatever was reserved after the look': { room: 300, after: reserve(0), want: 300 },
  'whatever was started after the look': { room: 300, after: start(0), want: 300 },
  'whatever is reserved before it now': { room: 300, ahead: reserve(0), want: 300 },
  'behind a reservation, as long as that is there again': { room: 300, before: reserve(0), ahead: reserve(0), want: 300 },
  'behind a reservation not when that is gone': { room: 300, before: reserve(0), want: Infinity },
  'behind a reservation not when that begins at another time': { room: 300, before: reserve(0), ahead: reserve(0, { start: 2001 }), want: Infinity },
  'behind a reservation not when its group has changed': { room: 300, before: reserve(0), between: changed(0), ahead: reserve(0), want: Infinity },
  'behind a reservation elsewhere': { room: 300, before: reserve(1), want: 300 },
  'that nothing was free, though a later time was reserved': { room: 0, before: reserve(0), want: 0 },
  'behind a start never: it may not be committed': { room: 300, before: start(0), ahead: start(0), want: Infinity },
  'that nothing was free behind a start never': { room: 0, before: start(0), ahead: start(0), want: Infinity },
  'behind a start elsewhere': { room: 0, before: start(1), want: 0 },
  'not when other groups are open to it': { room: 300, between: ({ kinds }) => void (kinds[0] = { ...kinds[0]!, eligible: [0] } as JobKind), want: Infinity },
  'not when another list of groups is open to it': { room: 300, between: ({ kinds }) => void Object.assign(kinds[0]!, { eligible: [0] }), want: Infinity },
  'of two groups not when a reservation in one of them is gone': { room: 300, kind: 2, before: reserve(1), want: Infinity },
  'of two groups not when one of two reservations is gone': {
    room: 300, kind: 2, before: (fake) => (reserve(0)(fake), reserve(1)(fake)), ahead: reserve(0), want: Infinity,
  },
  'of two groups as long as both reservations are there again': {
    room: 300, kind: 2, before: (fake) => (reserve(0)(fake), reserve(1)(fake)), ahead: (fake) => (reserve(1)(fake), reserve(0)(fake)), want: 300,
  },
  'of two groups not behind a start in one of them': { room: 0, kind: 2, before: start(1), want: Infinity },
  'behind a reservation not of another kind at the same place': {
    room: 300, before: reserve(0), between: ({ kinds }) => void (kinds[0] = { ...kinds[0]! }), ahead: reserve(0), want: Infinity,
  },
}; // prettier-ignore

describe('what was found out about a kind stands', () => {
  it.each(Object.entries(cases))(
    '%s',
    (_sentence, { room, kind = 0, edge = Infinity, before, after, between, at = NOW, ahead, want }) => {
      const fake = aBook();
      fake.profiles[0]!.edge = edge;
      fake.book.open(NOW);
      before?.(fake);
      fake.book.found(fake.kinds[kind]!, room);
      expect(fake.book.at(fake.kinds[kind]!)).toBe(room);
      after?.(fake);
      between?.(fake);
      fake.book.open(at);
      ahead?.(fake);
      expect(fake.book.recall(fake.kinds[kind]!)).toBe(want);
      expect(fake.book.at(fake.kinds[kind]!)).toBe(want);
    },
  );

  it('through any number of passes, and is not told of another kind at the same place', () => {
    const fake = aBook();
    const kind = fake.kinds[0]!;
    fake.book.open(NOW);
    fake.book.found(kind, 300);
    for (let pass = 1; pass < 4; pass++) fake.book.open(NOW + pass);
    expect(fake.book.at(kind)).toBe(300);
    fake.kinds[0] = { ...kind };
    fake.book.open(NOW + 4);
    expect(fake.book.at(fake.kinds[0])).toBe(Infinity);
  });

  it('a kind of which nobody waits has no room', () => {
    const fake = aBook();
    fake.kinds[1]!.waiting = 0;
    fake.book.open(NOW);
    expect(fake.kinds.map((kind) => fake.book.at(kind))).toEqual([Infinity, 0, Infinity]);
  });

  it('when profiles count what was given back as changes, and it is said that all was given back', () => {
    const fake = aBook();
    const undone = fake.book.open(NOW);
    fake.book.found(fake.kinds[0]!, 300);
    changed(0)(fake);
    undone();
    fake.book.open(NOW);
    expect(fake.book.at(fake.kinds[0]!)).toBe(300);
  });

  it('but not when that is said of a pass that was not the last', () => {
    const fake = aBook();
    const undone = fake.book.open(NOW);
    fake.book.open(NOW);
    fake.book.found(fake.kinds[0]!, 300);
    changed(0)(fake);
    undone();
    fake.book.open(NOW);
    expect(fake.book.at(fake.kinds[0]!)).toBe(Infinity);
  });

  it('a room only becomes smaller within a pass', () => {
    const { book, kinds } = aBook();
    book.open(NOW);
    book.found(kinds[0]!, 200);
    book.found(kinds[0]!, 300);
    expect(book.at(kinds[0]!)).toBe(200);
  });
});

describe('a look at one job that came to nothing', () => {
  interface Look {
    readonly between?: (fake: Fake) => void;
    readonly ahead?: (fake: Fake) => void;
    readonly asked?: typeof job;
    readonly surroundings?: readonly number[];
    readonly want: boolean;
  }
  const looks: Record<string, Look> = {
    'stands while all stands': { want: true },
    'not for another job in its place': { asked: aJob('k'), want: false },
    'not in other surroundings': { surroundings: [1, 3], want: false },
    'not when its group has changed': { between: changed(0), want: false },
    'when another group has changed': { between: changed(1), want: true },
    'not behind a reservation that was not there': { ahead: reserve(0), want: false },
    'behind one elsewhere': { ahead: reserve(1), want: true },
    'not when other groups are open to its kind': {
      between: ({ kinds }) => void Object.assign(kinds[0]!, { eligible: [0] }),
      want: false,
    },
  };
  it.each(Object.entries(looks))('%s', (_sentence, { between, ahead, asked = job, surroundings = [1, 2], want }) => {
    const fake = aBook();
    fake.book.open(NOW);
    fake.book.inVain(5, job, fake.kinds[0]!, { held: 'a gate', surroundings: [1, 2] });
    between?.(fake);
    fake.book.open(NOW);
    ahead?.(fake);
    const look = fake.book.vainLook(5, asked, fake.kinds[0]!, () => surroundings);
    expect(look && [look.held, look.isForGood]).toEqual(want ? ['a gate', false] : undefined);
    expect(fake.book.vainLook(4, asked, fake.kinds[0]!, () => surroundings)).toBeUndefined();
  });

  it('is never the same in surroundings that are never the same', () => {
    const { book, kinds } = aBook();
    book.open(NOW);
    book.inVain(0, job, kinds[0]!, { held: undefined, surroundings: [NaN] });
    expect(book.vainLook(0, job, kinds[0]!, () => [NaN])).toBeUndefined();
  });

  it('is for good when that is found right after it, and of this job alone', () => {
    const { book, kinds } = aBook();
    const isForGood = (slot: number) => book.vainLook(slot, job, kinds[0]!, () => [])?.isForGood;
    book.open(NOW);
    for (const slot of [0, 1]) book.inVain(slot, job, kinds[0]!, { held: undefined, surroundings: [] });
    book.keptForGood(0, 'quota');
    expect([isForGood(0), isForGood(1)]).toEqual([false, false]);
    book.keptForGood(1, 'quota');
    expect(book.vainLook(1, job, kinds[0]!, () => [])).toMatchObject({ held: 'quota', isForGood: true });
    book.open(NOW);
    book.inVain(0, job, kinds[0]!, { held: undefined, surroundings: [] });
    book.open(NOW);
    book.keptForGood(0, 'quota');
    expect(isForGood(0)).toBe(false);
  });
});

describe('hopefuls', () => {
  const counted = (): Fake => {
    const fake = aBook();
    fake.book.open(NOW);
    fake.book.count();
    return fake;
  };

  it('are the jobs still to come of kinds with room', () => {
    const { book, kinds } = counted();
    expect(book.hopefuls).toBe(9);
    book.see(kinds[0]!);
    expect(book.hopefuls).toBe(8);
  });

  it('are fewer by all of a kind that has none', () => {
    const { book, kinds } = counted();
    book.see(kinds[0]!);
    book.found(kinds[0]!, 0);
    expect(book.hopefuls).toBe(6);
    book.see(kinds[0]!);
    expect(book.hopefuls).toBe(6);
  });

  it('are not fewer twice when it is found twice that there is none', () => {
    const { book, kinds } = counted();
    book.found(kinds[0]!, 0);
    book.found(kinds[0]!, 0);
    expect(book.hopefuls).toBe(6);
  });

  it('are as many as before where some room was found', () => {
    const { book, kinds } = counted();
    book.found(kinds[0]!, 1);
    expect(book.hopefuls).toBe(9);
  });

  it('are counted by what their groups have now; a kind has the room of the best of its groups', () => {
    const fake = counted();
    fake.profiles[0]!.longest = 0;
    fake.book.count();
    expect([fake.book.hopefuls, ...fake.kinds.map((kind) => fake.book.at(kind))]).toEqual([6, 0, 500, 500]);
    fake.profiles[1]!.longest = 1;
    fake.book.count();
    expect([fake.book.hopefuls, ...fake.kinds.map((kind) => fake.book.at(kind))]).toEqual([6, 0, 1, 1]);
  });

  it('are not counted again where all were seen or none had room', () => {
    const fake = counted();
    for (let i = 0; i < 3; i++) fake.book.see(fake.kinds[1]!);
    fake.book.found(fake.kinds[0]!, 0);
    fake.profiles[0]!.longest = 700;
    fake.book.count();
    expect([fake.book.hopefuls, ...fake.kinds.map((kind) => fake.book.at(kind))]).toEqual([3, 0, 500, 700]);
  });
});
