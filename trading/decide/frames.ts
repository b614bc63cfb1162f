import type { Configuration } from '../../contracts/config/schema.ts';
import type { CycleTerms } from '../../contracts/cycle.ts';
import { type FrameWish, minutesOf, timeframes } from '../../domain/market/timeframes.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';

/**
 * What is shown beside the candles of the decision: two hours, a day, two days, a week and a month, and of the last two the close at which a return over them
 * begins. The minutes are also what is learned from.
 */
const BESIDE: readonly FrameWish[] = [
  { timeframe: '1m', candles: 120 },
  { timeframe: '15m', candles: 96 },
  { timeframe: '1h', candles: 48 },
  { timeframe: '4h', candles: 43 },
  { timeframe: '1d', candles: 31 },
];

/** Lag-Llama sees 32 bars at once, and from the first of them 1,092 back; it forecasts 24 at most: workers/gpu/forecasting/models/limits.py. */
const FORECASTER = 'lag-llama';
const FORECASTER_BARS = 1_124;
const FORECASTER_STEPS = 24;

/**
 * What the snapshot of a cycle shows beside the candles on which it decides: other lengths, each once, and Lag-Llama's long past where it is asked
 * and a worker serves it.
 *
 * @param engines that run beside the stack
 */
export function shownBeside(
  { cycle, agents }: Pick<Configuration, 'cycle' | 'agents'>,
  asked: Pick<CycleTerms, 'agents' | 'models'>,
  engines: readonly Engine[],
): Pick<CycleTerms, 'frames' | 'past'> {
  const frames = BESIDE.filter(({ timeframe }) => timeframe !== cycle.timeframe);
  const isAsked = asked.agents.includes(FORECASTER) || asked.models?.some(({ seat }) => seat === FORECASTER);
  const isServed = agents[FORECASTER].worker === 'external' || engines.includes(FORECASTER);
  const past = isAsked && isServed ? pastOfForecaster(cycle.horizonMinutes) : undefined;
  return { frames, ...(past ? { past } : {}) };
}

/** The bars in which Lag-Llama sees a horizon: the finest that divide it into steps that it takes; undefined where none does. */
function pastOfForecaster(horizonMinutes: number): FrameWish | undefined {
  const timeframe = timeframes.find((one) => {
    const steps = horizonMinutes / minutesOf(one);
    return Number.isInteger(steps) && steps <= FORECASTER_STEPS;
  });
  return timeframe && { timeframe, candles: FORECASTER_BARS };
}
