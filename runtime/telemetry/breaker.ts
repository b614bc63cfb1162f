import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  isBrokenCircuitError,
} from 'cockatiel';
import { metrics } from './metrics.ts';

const stateValue: Record<CircuitState, number> = {
  [CircuitState.Closed]: 0,
  [CircuitState.HalfOpen]: 1,
  [CircuitState.Open]: 2,
  [CircuitState.Isolated]: 2,
};

const words: Record<CircuitState, 'closed' | 'half-open' | 'open'> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
};

const breakers = new Map<string, CircuitBreakerPolicy>();

/** State of every breaker of this process, by `service/breaker`. */
export function breakerStates(): Record<string, 'closed' | 'half-open' | 'open'> {
  return Object.fromEntries([...breakers].map(([name, { state }]) => [name, words[state]]));
}

export interface Breaker {
  /** @throws BrokenCircuitError, with the failure that opened it, while the other side is left alone */
  execute<T>(call: () => PromiseLike<T> | T): Promise<T>;
}

const FAILURES = 5;
const REST_MS = 10_000;

/** What was asked for is known to who reads it, and not that a breaker stands between. */
function leftAlone(name: string, failure: unknown): BrokenCircuitError {
  const why = failure instanceof Error ? failure.message : String(failure);
  return new BrokenCircuitError(
    `${name} failed ${FAILURES} times in a row and is left alone until ${REST_MS / 1_000} s after the last: ${why}`,
  );
}

/**
 * A breaker around one outside dependency. After five failures in a row calls fail at once with `BrokenCircuitError`, and after ten seconds
 * one call is let through to try.
 *
 * @param isFailure which errors speak of the dependency's health; a refusal of our own input does not.
 */
export function createBreaker(
  service: string,
  breaker: string,
  isFailure: (error: unknown) => boolean = () => true,
): Breaker {
  const policy = circuitBreaker(handleWhen(isFailure), {
    halfOpenAfter: REST_MS,
    breaker: new ConsecutiveBreaker(FAILURES),
  });
  const gauge = metrics.circuitBreakerState.labels({ service, breaker });
  gauge.set(stateValue[policy.state]);
  breakers.set(`${service}/${breaker}`, policy);
  policy.onStateChange((state) => {
    gauge.set(stateValue[state]);
    metrics.circuitBreakerTransitions.inc({ service, breaker, state: words[state] });
  });
  return {
    execute: async (call) => {
      try {
        return await policy.execute(call);
      } catch (error) {
        const last = policy.lastFailure;
        throw isBrokenCircuitError(error) && last !== undefined && 'error' in last
          ? leftAlone(`${service}/${breaker}`, last.error)
          : error;
      }
    },
  };
}
