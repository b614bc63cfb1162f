import { metrics } from '../../contracts/telemetry/metrics.ts';

const CHECK_MS = 60_000;

/** The exchange's clock, UTC epoch milliseconds: the local one corrected by an offset that is measured each minute. */
export function createVenueClock(
  fetchTime: () => Promise<number>,
  localNow: () => number = Date.now,
): () => Promise<number> {
  let offsetMs = 0;
  let checkedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (localNow() - checkedAt > CHECK_MS) {
      const sentAt = localNow();
      const venueTime = await fetchTime();
      const receivedAt = localNow();
      offsetMs = Math.round(venueTime - (sentAt + receivedAt) / 2);
      checkedAt = receivedAt;
      metrics.exchangeClockSkew.set(offsetMs / 1_000);
    }
    return localNow() + offsetMs;
  };
}
