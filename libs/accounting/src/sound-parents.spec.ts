import { soundParents } from './sound-parents.js';

describe('parents of tenants', () => {
  const told: Record<string, string | null> = {
    top: null, below: 'top', stray: 'nobody', self: 'self', one: 'two', two: 'three', three: 'one', hanging: 'two',
  }; // prettier-ignore
  it('are those told, but for strangers and circles', () => {
    const tenants = Object.entries(told).map(([id, parentId]) => ({ id, parentId }));
    expect(Object.fromEntries(soundParents(tenants))).toEqual({
      top: null, below: 'top', stray: null, self: null, one: null, two: null, three: null, hanging: 'two',
    }); // prettier-ignore
  });
});
