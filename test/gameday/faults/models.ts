import type { ModelMode } from '../models.ts';
import { type Fault, until } from './fault.ts';

function model(name: string, mode: ModelMode): Fault {
  const what = `a language model ${name}`;
  const tells = /^agent\/deepseek$|^breaker\/agents\/deepseek|^cycle\/main$|^TradingCircuitBreakerOpen$/;
  return until({ name: what, kind: what, tells, wakesNobody: true }, 35_000, ({ model: state }) => {
    state.mode = mode;
    return () => {
      state.mode = 'well';
    };
  });
}

export const modelFaults: readonly Fault[] = [
  model('is away (503)', 'away'),
  model('writes garbage', 'garbage'),
  model('does not answer', 'silent'),
  model('answers after 11 to 35 s', 'slow'),
];
