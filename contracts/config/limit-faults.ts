import { contradictions } from './contradictions.ts';
import { faultsOf } from './faults.ts';
import { type Configuration, type RiskSettings, riskSchema } from './schema.ts';

/** Everything for which the configuration's file would be refused with these limits in it: where, what is allowed, and what stands there. */
export function limitFaults(limits: RiskSettings, configuration: Configuration): string[] {
  const together = contradictions({ ...configuration, risk: limits });
  return [
    ...faultsOf(riskSchema, limits),
    ...together.map(
      ({ path, message, input }) => `${path.join('.').replace(/^risk\./, '')}: ${message} (it is ${input})`,
    ),
  ];
}
