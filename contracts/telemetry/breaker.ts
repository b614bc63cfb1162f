import { type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { metrics } from './metrics.ts';

const stateValue: Record<CircuitState, number> = {
  [CircuitState.Closed]: 0,
  [CircuitState.HalfOpen]: 1,
  [CircuitState.Open]: 2,
  [CircuitState.Isolated]: 2,
};

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
): CircuitBreakerPolicy {
  const policy = circuitBreaker(handleWhen(isFailure), { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) });
  const gauge = metrics.circuitBreakerState.labels({ service, breaker });
  gauge.set(stateValue[policy.state]);
  policy.onStateChange((state) => gauge.set(stateValue[state]));
  return policy;
}
