import type { WaitingVerdict } from '#libs/scheduling';
import { VerdictDiary } from './verdict-diary.js';

const now = 1_000_000;
const verdict = (named: Partial<WaitingVerdict> = {}): WaitingVerdict => ({
  jobId: 'a',
  refusal: 'no-free-accelerators',
  estimatedStart: now + 10_000,
  basis: 'reservation',
  poolId: 'pinned',
  evidence: { nodesConsidered: 4, filteredBy: {}, best: null, ahead: 0 },
  ...named,
});

interface Told {
  readonly before: Partial<WaitingVerdict>;
  readonly after: Partial<WaitingVerdict>;
  readonly wantNews: boolean;
}
const cases: Record<string, Told> = {
  'the same again is no news': { before: {}, after: {}, wantNews: false },
  'evidence alone is no news: it is asked for, not followed': {
    before: {},
    after: { evidence: { nodesConsidered: 4, filteredBy: {}, best: null, ahead: 7 } },
    wantNews: false,
  },
  'another reason is': { before: {}, after: { refusal: 'behind-in-queue' }, wantNews: true },
  'an estimate that moves by 20 % of the wait ahead is none': {
    before: {},
    after: { estimatedStart: now + 12_000 },
    wantNews: false,
  },
  'one that moves by more is': { before: {}, after: { estimatedStart: now + 12_001 }, wantNews: true },
  'and so is one that moves towards now': { before: {}, after: { estimatedStart: now + 7_999 }, wantNews: true },
  'ten minutes are the least that counts': {
    before: { estimatedStart: now + 100 },
    after: { estimatedStart: now + 700 },
    wantNews: false,
  },
  'more than ten minutes count where the wait is short': {
    before: { estimatedStart: now + 100 },
    after: { estimatedStart: now + 701 },
    wantNews: true,
  },
  'no start in sight any more is news': { before: {}, after: { estimatedStart: null }, wantNews: true },
  'a start in sight at last is news': { before: { estimatedStart: null }, after: {}, wantNews: true },
  'still none in sight is none': { before: { estimatedStart: null }, after: { estimatedStart: null }, wantNews: false },
};
it.each(Object.entries(cases))('%s', (_sentence, { before, after, wantNews }) => {
  const diary = new VerdictDiary();
  expect(diary.changed([verdict(before)], now)).toHaveLength(1);
  expect(diary.changed([verdict(after)], now)).toHaveLength(wantNews ? 1 : 0);
});

it('measures from what was said last, so that many small moves are told in the end', () => {
  const diary = new VerdictDiary();
  const told = [0, 400, 800, 1200].map(
    (later) => diary.changed([verdict({ estimatedStart: now + later })], now).length,
  );
  expect(told).toEqual([1, 0, 1, 0]);
});

it('says it again of a job that was gone in between, and of all when it has forgotten', () => {
  const diary = new VerdictDiary();
  diary.changed([verdict()], now);
  diary.changed([], now);
  expect(diary.changed([verdict()], now)).toHaveLength(1);
  diary.forget();
  expect(diary.changed([verdict()], now)).toHaveLength(1);
});
