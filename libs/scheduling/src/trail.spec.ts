import { aJob } from './testing/builders.js';
import { type Step, Trail } from './trail.js';

const jobs = { a: aJob('a'), b: aJob('b') };
const step = (name: keyof typeof jobs, over: Partial<Step> = {}): Step => ({
  job: jobs[name],
  start: 100,
  seconds: 60,
  ...over,
});

/** What happens to a group in one pass: it has changed before, a reservation, a start. */
type Happening = 'changed' | 'start' | Step;

/** The number of the state at the end of each pass. */
function statesAfter(passes: readonly (readonly Happening[])[]): number[] {
  let made = 0;
  const trail = new Trail(() => ++made);
  return passes.map((happenings) => {
    trail.begin(happenings[0] === 'changed');
    for (const happening of happenings) {
      if (happening === 'start') trail.stray();
      else if (happening !== 'changed') trail.reserve(happening);
    }
    return trail.id;
  });
}

const same: Record<string, readonly (readonly Happening[])[]> = {
  'nothing was taken, twice': [['changed'], []],
  'the same reservation': [['changed', step('a')], [step('a')]],
  'the same two': [
    ['changed', step('a'), step('b')],
    [step('a'), step('b')],
  ],
  'nothing, whatever was taken between': [['changed'], [step('a'), 'start'], []],
  'one, though more were taken between': [['changed', step('a')], [step('a'), step('b')], [step('a')]],
  'one of two, and then both again': [['changed', step('a'), step('b')], [step('a')], [step('a'), step('b')]],
};
const other: Record<string, readonly (readonly Happening[])[]> = {
  'the group has changed': [['changed'], ['changed']],
  'the group has changed, and the same was reserved': [
    ['changed', step('a')],
    ['changed', step('a')],
  ],
  'a reservation where there was none': [['changed'], [step('a')]],
  'none where there was one': [['changed', step('a')], []],
  'one more': [
    ['changed', step('a')],
    [step('a'), step('b')],
  ],
  'another job': [['changed', step('a')], [step('b')]],
  'another job of the same name': [['changed', step('a')], [step('a', { job: aJob('a') })]],
  'another start': [['changed', step('a')], [step('a', { start: 101 })]],
  'for another time': [['changed', step('a')], [step('a', { seconds: 61 })]],
  'another before it': [
    ['changed', step('a'), step('b')],
    [step('b'), step('b')],
  ],
  'the other way round': [
    ['changed', step('a'), step('b')],
    [step('b'), step('a')],
  ],
  'something else was there between': [['changed', step('a')], [step('b')], [step('a')]],
  'a start': [['changed'], ['start']],
  'the same start: it may have been committed or not': [['changed', 'start'], ['start']],
  'a reservation behind a start': [
    ['changed', 'start', step('a')],
    ['start', step('a')],
  ],
};

describe('a group stands', () => {
  it.each(Object.entries(same))('as before: %s', (_sentence, passes) => {
    const states = statesAfter(passes);
    expect(states.at(-1)).toBe(states[0]);
  });

  it.each(Object.entries(other))('otherwise: %s', (_sentence, passes) => {
    const states = statesAfter(passes);
    expect(states.at(-1)).not.toBe(states[0]);
  });

  it('otherwise with every reservation, and no more with those behind a start', () => {
    let made = 0;
    const trail = new Trail(() => ++made);
    trail.begin(true);
    const ids = [trail.id];
    for (const each of [step('a'), step('b'), step('a', { start: 500 })]) {
      trail.reserve(each);
      ids.push(trail.id);
    }
    expect(new Set(ids).size).toBe(4);
    trail.stray();
    const strayed = trail.id;
    expect(ids).not.toContain(strayed);
    trail.stray();
    trail.reserve(step('b'));
    expect(trail.id).toBe(strayed);
  });
});

describe('a trail tells', () => {
  it('whether anything was taken in this pass, and whether that was a start', () => {
    const trail = new Trail(() => 1);
    const told = (): boolean[] => [trail.isUntouched, trail.hasStrayed];
    trail.begin(true);
    expect(told()).toEqual([true, false]);
    trail.reserve(step('a'));
    expect(told()).toEqual([false, false]);
    trail.begin(false);
    expect(told()).toEqual([true, false]);
    trail.stray();
    expect(told()).toEqual([false, true]);
    trail.begin(false);
    expect(told()).toEqual([true, false]);
  });

  it('by its stamp that the group has changed between two passes, whatever the passes took', () => {
    let made = 0;
    const trail = new Trail(() => ++made);
    const stamps = [true, false, true].map((isChanged) => {
      trail.begin(isChanged);
      const { stamp } = trail;
      trail.reserve(step('a'));
      expect(trail.stamp).toBe(stamp);
      return stamp;
    });
    expect(stamps[1]).toBe(stamps[0]);
    expect(stamps[2]).toBeGreaterThan(stamps[1]!);
  });
});
