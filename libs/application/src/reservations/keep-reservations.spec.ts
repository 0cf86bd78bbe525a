import { KeepReservations } from './keep-reservations.js';
import type { Kept } from './reservation-ports.js';

const nothing: Kept = { begun: 0, ended: 0, givenBack: 0, booked: 0, unmet: 0, busy: false };
const cases: Record<string, { kept: Partial<Kept>; wantChanged: boolean; wantCounted: [string, number][] }> = {
  'nothing was due': { kept: {}, wantChanged: false, wantCounted: [] },
  'a maintenance began': { kept: { begun: 1 }, wantChanged: true, wantCounted: [] },
  'two ended': { kept: { ended: 2 }, wantChanged: true, wantCounted: [['ended', 2]] },
  'one was given back': { kept: { givenBack: 1 }, wantChanged: true, wantCounted: [['given-back', 1]] },
  'what comes again was booked': { kept: { booked: 3 }, wantChanged: true, wantCounted: [] },
  'one ended before others were in the way of the rest': {
    kept: { ended: 1, busy: true },
    wantChanged: true,
    wantCounted: [['ended', 1]],
  },
  'what comes again found no nodes': { kept: { unmet: 1 }, wantChanged: false, wantCounted: [['unmet', 1]] },
};
it.each(Object.entries(cases))('%s', async (_sentence, { kept, wantChanged, wantCounted }) => {
  const counted: [string, number][] = [];
  const asked: number[] = [];
  const keeper = { keep: async (at: number) => (asked.push(at), { ...nothing, ...kept }) };
  const reserved = (outcome: string, times: number): void => void (times > 0 && counted.push([outcome, times]));
  expect(await new KeepReservations(keeper, { reserved }).execute(42)).toEqual({
    ...nothing,
    ...kept,
    changed: wantChanged,
  });
  expect({ asked, counted }).toEqual({ asked: [42], counted: wantCounted });
});
