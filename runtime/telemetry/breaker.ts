import { type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
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
  breakers.set(`${service}/${breaker}`, policy);
  policy.onStateChange((state) => {
    gauge.set(stateValue[state]);
    metrics.circuitBreakerTransitions.inc({ service, breaker, state: words[state] });
  });
  return policy;
}
