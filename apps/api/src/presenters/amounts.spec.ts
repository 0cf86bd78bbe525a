import fc from 'fast-check';
import { kwhOf, yuanFromNumber, yuanOf } from './amounts.js';

describe('yuan', () => {
  it.each([
    [0n, '0'],
    [1n, '0.000001'],
    [1_500_000n, '1.5'],
    [-1_000_001n, '-1.000001'],
    [12_345_678_900_000_000_000n, '12345678900000'],
  ])('of %s micro-yuan is %s', (micro, want) => expect(yuanOf(micro)).toBe(want));

  it('loses nothing', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (micro) => {
        const [whole = '', fraction = ''] = yuanOf(micro).replace('-', '').split('.');
        const back = BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
        expect(micro < 0n ? -back : back).toBe(micro);
      }),
    );
  });

  it('of a quote is rounded to the micro-yuan', () => expect(yuanFromNumber(0.1 + 0.2)).toBe('0.3'));
});

it('a kilowatt-hour is 3.6 MJ', () => expect(kwhOf(9_000_000n)).toBe(2.5));
