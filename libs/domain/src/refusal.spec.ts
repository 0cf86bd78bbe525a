import { isFinal, type Refusal, refusalAdvice, refusals, refusalTexts, wokenBy } from './refusal.js';

const hasChinese = (text: string): boolean => /\p{Script=Han}/u.test(text);
/** A part of a sentence: others put it into one. */
const isPart = (text: string): boolean => text.trim() === text && text.length > 3 && !/[.。!！;；]$/u.test(text);

describe('every refusal', () => {
  it.each(refusals)('%s says in both languages what is in the way and what to do', (refusal) => {
    for (const { zh, en } of [refusalTexts[refusal], refusalAdvice[refusal]]) {
      expect([hasChinese(zh), hasChinese(en)]).toEqual([true, false]);
      expect([isPart(zh), isPart(en)]).toEqual([true, true]);
    }
  });

  it.each(refusals)('%s is final just when nothing but an amended request changes it', (refusal) => {
    expect(isFinal(refusal)).toBe(wokenBy[refusal] === 'request-amended');
    // Who can only amend must not be told to wait, and who can only wait not to ask anew.
    const saysNothingToDo = refusalAdvice[refusal].en.startsWith('nothing needs to be done');
    expect(saysNothingToDo && isFinal(refusal)).toBe(false);
  });

  const own: Record<string, (refusal: Refusal) => string> = {
    'text in English': (refusal) => refusalTexts[refusal].en,
    'text in Chinese': (refusal) => refusalTexts[refusal].zh,
    'advice in English': (refusal) => refusalAdvice[refusal].en,
    'advice in Chinese': (refusal) => refusalAdvice[refusal].zh,
  };
  it.each(Object.entries(own))('has its own %s', (_what, of) => {
    expect(new Set(refusals.map(of)).size).toBe(refusals.length);
  });

  it('is on the lists of events, texts and advice, and these have no others', () => {
    const names = [...refusals].sort();
    for (const list of [wokenBy, refusalTexts, refusalAdvice]) expect(Object.keys(list).sort()).toEqual(names);
  });
});
