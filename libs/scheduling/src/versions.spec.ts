import { Versions } from './versions.js';

describe('numbers of states', () => {
  it('gives each change a number that was not there before', () => {
    const versions = new Versions();
    expect([versions.current, versions.advance(), versions.advance(), versions.current]).toEqual([0, 1, 2, 2]);
  });

  it('gives the old number back when the latest change is undone, one after the other', () => {
    const versions = new Versions();
    versions.advance();
    const second = versions.advance();
    const third = versions.advance();
    versions.restore(second, third);
    expect(versions.current).toBe(second);
    versions.restore(1, second);
    expect(versions.current).toBe(1);
    expect(versions.advance()).toBe(4);
  });

  it('gives a fresh number when something else changed in between', () => {
    const versions = new Versions();
    const first = versions.advance();
    versions.advance();
    versions.restore(0, first);
    expect(versions.current).toBe(3);
  });
});
