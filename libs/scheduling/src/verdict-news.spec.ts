import type { WaitingVerdict } from './model.js';
import { hasMoved, VerdictNews } from './verdict-news.js';

const NOW = 1000;
const moves: Record<string, { before: number | null; after: number | null; want: boolean }> = {
  'by just ten minutes: not yet': { before: 2000, after: 2600, want: false },
  'by a second more: it has': { before: 2000, after: 2601, want: true },
  'earlier counts like later': { before: 2000, after: 1399, want: true },
  'a fifth of a long wait: not yet': { before: NOW + 10_000, after: NOW + 12_000, want: false },
  'more than a fifth: it has': { before: NOW + 10_000, after: NOW + 12_001, want: true },
  'an estimate that was past counts from ten minutes': { before: 0, after: 600, want: false },
  'none before, none after: the same': { before: null, after: null, want: false },
  'an estimate where there was none': { before: null, after: 5, want: true },
  'none where there was one': { before: 5, after: null, want: true },
};

const verdict = (over: Partial<WaitingVerdict> = {}): WaitingVerdict => ({
  jobId: 'j',
  refusal: 'no-free-nodes',
  estimatedStart: 2000,
  basis: 'backlog',
  poolId: 'p',
  evidence: { nodesConsidered: 1, filteredBy: {}, best: null, ahead: 0 },
  ...over,
});

describe('an estimate moves', () => {
  it.each(Object.entries(moves))('%s', (_sentence, { before, after, want }) => {
    expect(hasMoved(before, after, NOW)).toBe(want);
  });
});

describe('verdict news', () => {
  it('are told once, and again when they say something else', () => {
    const news = new VerdictNews();
    expect(news.tell(3, verdict(), NOW)).toBe(true);
    expect(news.tell(3, verdict({ estimatedStart: 2600 }), NOW)).toBe(false);
    expect(news.tell(3, verdict({ estimatedStart: 2601 }), NOW)).toBe(true);
    expect(news.tell(3, verdict({ estimatedStart: 2601, refusal: 'quota-spent' }), NOW)).toBe(true);
    news.forget(3);
    expect(news.tell(3, verdict({ estimatedStart: 2601, refusal: 'quota-spent' }), NOW)).toBe(true);
  });

  it('look again at two thousand a plan, in turn, and at those never told at any time', () => {
    const news = new VerdictNews();
    news.tell(0, verdict(), NOW);
    const due = (): boolean[] => [0, 1999, 2000, 2999].map((place) => news.isDue(0, place));
    news.begin(2500);
    expect(due()).toEqual([true, true, false, false]);
    news.begin(2500);
    expect(due()).toEqual([false, false, true, true]);
    news.begin(2500);
    expect(due()).toEqual([true, true, false, false]);
    expect(news.isDue(1, 2400)).toBe(true);
  });
});
