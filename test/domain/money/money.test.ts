import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ceilToStep, decimal, floorToStep, text } from '../../../domain/money/money.ts';

describe('steps', () => {
  it.each([
    ['0.123456', '0.001', '0.123'],
    ['1', '0.1', '1'],
    ['0.3', '0.1', '0.3'],
    ['60121.002', '0.01', '60121'],
    ['0.00000001', '0.00001', '0'],
    ['123456789.123456789', '0.00000001', '123456789.12345678'],
  ])('%s by %s is %s', (value, step, below) => {
    expect(text(floorToStep(decimal(value), decimal(step)))).toBe(below);
  });

  it.each([
    ['0.0000091018', '0.00000001', '0.00000911'],
    ['0.00000911', '0.00000001', '0.00000911'],
    ['2941.176470588235294117647058823529412', '0.01', '2941.18'],
    ['101', '100', '200'],
  ])('%s by %s, not below it, is %s', (value, step, above) => {
    expect(text(ceilToStep(decimal(value), decimal(step)))).toBe(above);
  });

  it('never floors up and never loses a step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), fc.constantFrom('0.01', '0.00001', '1', '0.25'), (lots, step) => {
        const value = decimal(lots).div(1_000_000);
        const floored = floorToStep(value, decimal(step));
        expect(floored.lessThanOrEqualTo(value)).toBe(true);
        expect(value.minus(floored).lessThan(step)).toBe(true);
        expect(floored.mod(step).isZero()).toBe(true);
      }),
    );
  });

  it.each([
    ['1e-8', '0.00000001'],
    ['1e21', '1000000000000000000000'],
    ['-0', '0'],
    ['1.500', '1.5'],
  ])('writes %s plainly as %s', (value, plain) => expect(text(decimal(value))).toBe(plain));

  it('adds what floats cannot', () => expect(text(decimal('0.1').plus('0.2'))).toBe('0.3'));
});
