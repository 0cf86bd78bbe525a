import { Floors } from './floors.js';
import type { Ask } from './profile.js';

const ask = (nodes: number, cards = 2, cores = 2, memory = 2): Ask => ({
  nodes,
  shape: 0,
  perNode: { cards, cores, memory },
});

describe('floors under earliest starts', () => {
  const floors = new Floors();
  floors.note(ask(2), 10, [0, 50]);

  const cases: Record<string, { asked: Ask; seconds?: number; from?: number; floor: number }> = {
    'the same question starts where the answer was': { asked: ask(2), floor: 50 },
    'so do more nodes': { asked: ask(3), floor: 50 },
    'and a longer job': { asked: ask(2), seconds: 11, floor: 50 },
    'and more of a node': { asked: ask(2, 3, 3, 3), floor: 50 },
    'fewer nodes may find a place before': { asked: ask(1), floor: 0 },
    'a shorter job may': { asked: ask(2), seconds: 9, floor: 0 },
    'fewer cards may': { asked: ask(2, 1), floor: 0 },
    'fewer cores may': { asked: ask(2, 2, 1), floor: 0 },
    'less memory may': { asked: ask(2, 2, 2, 1), floor: 0 },
    'from a later time on it holds as well': { asked: ask(2), from: 49, floor: 50 },
    'from an earlier time on nothing is known': { asked: ask(2), from: -1, floor: -1 },
    'after the answer it says nothing': { asked: ask(2), from: 51, floor: 51 },
  };
  it.each(Object.entries(cases))('%s', (_, { asked, seconds = 10, from = 0, floor }) => {
    expect(floors.under(asked, seconds, from)).toBe(floor);
  });

  it('goes up from answer to answer, and down when cleared', () => {
    const chain = new Floors();
    chain.note(ask(1), 10, [0, 20]);
    chain.note(ask(2), 10, [20, 40]);
    chain.note(ask(2), 10, [41, 60]);
    expect(chain.under(ask(2), 10, 0)).toBe(40);
    chain.clear();
    expect(chain.under(ask(2), 10, 0)).toBe(0);
  });

  it('keeps the latest 4096', () => {
    const many = new Floors();
    for (let i = 0; i < 4097; i++) many.note(ask(1 + (i === 0 ? 0 : 1)), 10, [0, 10 + i]);
    expect(many.under(ask(1), 10, 0)).toBe(0);
    expect(many.under(ask(2), 10, 0)).toBe(4106);
  });
});
