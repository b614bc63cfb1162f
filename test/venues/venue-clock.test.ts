import { beforeEach, describe, expect, it } from 'vitest';
import { createVenueClock } from '../../venues/binance/venue-clock.ts';

describe('the exchange’s clock', () => {
  let steady: number;
  let wall: number;
  let asked: number;
  /** What the exchange's clock says more than ours did at the start. */
  const AHEAD = 500;
  const START = 1_700_000_000_000;
  const pass = (ms: number): void => {
    steady += ms;
    wall += ms;
  };
  const venueNow = (): number => START + AHEAD + steady;
  const clock = () =>
    createVenueClock(
      async () => {
        asked += 1;
        pass(20);
        const said = venueNow();
        pass(20);
        return said;
      },
      { steady: () => steady, wall: () => wall },
    );

  beforeEach(() => {
    steady = 0;
    wall = START;
    asked = 0;
  });

  it('is measured at the middle of the request, once a minute', async () => {
    const { now } = clock();
    expect(await now()).toBe(venueNow());
    pass(59_000);
    expect(await now()).toBe(venueNow());
    expect(asked).toBe(1);
    pass(2_000);
    expect(await now()).toBe(venueNow());
    expect(asked).toBe(2);
  });

  it.each([-600_000, -300, 300, 600_000])(
    'does not move when ours is set by %s ms, and is measured anew',
    async (ms) => {
      const { now, estimate } = clock();
      await now();
      wall += ms;
      expect(estimate()).toBe(venueNow());
      expect(await now()).toBe(venueNow());
      expect(asked).toBe(2);
    },
  );

  it('is measured anew after the machine slept, which stops the steady clock', async () => {
    const { now, estimate } = clock();
    await now();
    wall += 30_000;
    const slept = 30_000;
    const venue = createVenueClock(async () => venueNow() + slept, { steady: () => steady, wall: () => wall });
    expect(estimate()).toBe(venueNow());
    expect(await venue.now()).toBe(venueNow() + slept);
    await now();
    expect(asked).toBe(2);
  });

  it('asks once for many who ask at once, and tells a measurement no later than the exchange’s clock', async () => {
    const { now, measure } = clock();
    await Promise.all([now(), now(), now()]);
    expect(asked).toBe(1);
    expect(await measure()).toBeLessThanOrEqual(venueNow());
    expect(asked).toBe(2);
  });

  it('is this machine’s own before it was measured', () => expect(clock().estimate()).toBe(START));
});
