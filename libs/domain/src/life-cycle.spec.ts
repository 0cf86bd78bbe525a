import { attemptMoves, jobMoves, jobStateAfter, mayMove } from './index.js';

const tables = { job: { moves: jobMoves, start: 'queued' }, attempt: { moves: attemptMoves, start: 'placed' } };

describe.each(Object.entries(tables))('the life cycle of a %s', (_name, { moves, start }) => {
  const table = moves as Record<string, readonly string[]>;
  const reachable = (from: string, seen = new Set([from])): Set<string> => {
    for (const next of table[from] ?? []) if (!seen.has(next)) reachable(next, seen.add(next));
    return seen;
  };
  it('reaches every state from its first', () => {
    expect([...reachable(start)].sort()).toEqual(Object.keys(table).sort());
  });
  it('names only states that exist', () => {
    expect(
      Object.values(table)
        .flat()
        .filter((to) => !(to in table)),
    ).toEqual([]);
  });
  it('can end from every state', () => {
    const ends = Object.keys(table).filter((state) => table[state]?.length === 0);
    const stuck = Object.keys(table).filter((state) => !ends.some((end) => reachable(state).has(end)));
    expect(stuck).toEqual([]);
  });
});

it('puts a lost attempt back into the queue while tries remain, and fails the job after that', () => {
  expect(jobStateAfter('lost', 1)).toBe('queued');
  expect(jobStateAfter('lost', 0)).toBe('failed');
  expect(mayMove('running', 'queued')).toBe(true);
});
