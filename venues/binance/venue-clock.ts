import { metrics } from '../../runtime/telemetry/metrics.ts';

const CHECK_MS = 60_000;
/** Two clocks of ours that have drifted apart by more: one was set, or the machine slept, and what was measured before is worth nothing. */
const APART_MS = 250;

/** Clocks of this machine, both in milliseconds: one that never jumps, and the one that people set. */
export interface LocalClocks {
  steady(): number;
  wall(): number;
}

const ours: LocalClocks = { steady: () => performance.now(), wall: () => Date.now() };

/** The exchange's clock, UTC epoch milliseconds. It goes on by this machine's steady clock: setting the other one does not move it. */
export interface VenueClock {
  /** As measured within the last minute. Throws where it can't be measured. */
  now(): Promise<number>;
  isMeasured(): boolean;
  /** By the last measurement, however old; this machine's own time before the first. */
  estimate(): number;
  /** Asks the exchange. No later than its clock when this comes back. */
  measure(): Promise<number>;
}

export function createVenueClock(fetchTime: () => Promise<number>, { steady, wall }: LocalClocks = ours): VenueClock {
  let measured: { venue: number; steady: number; wall: number } | undefined;
  let asking: Promise<number> | undefined;

  const estimate = (): number =>
    measured ? Math.round(measured.venue + steady() - measured.steady) : Math.round(wall());

  const ask = async (): Promise<number> => {
    const sentAt = steady();
    const answer = await fetchTime();
    const receivedAt = steady();
    // The exchange read its clock in the middle of the request, as far as anybody knows.
    measured = { venue: answer + (receivedAt - sentAt) / 2, steady: receivedAt, wall: wall() };
    metrics.exchangeClockSkew.set((measured.venue - measured.wall) / 1_000);
    return answer;
  };

  const isFresh = (): boolean => {
    if (!measured) return false;
    const steadyMs = steady() - measured.steady;
    const wallMs = wall() - measured.wall;
    return steadyMs <= CHECK_MS && Math.abs(wallMs - steadyMs) <= APART_MS;
  };

  return {
    isMeasured: () => measured !== undefined,
    estimate,
    measure: ask,
    async now() {
      if (!isFresh()) {
        asking ??= ask().finally(() => {
          asking = undefined;
        });
        await asking;
      }
      return estimate();
    },
  };
}
