import { type RiskSettings, riskSchema } from '../contracts/config/schema.ts';
import { ExitCode, UserError } from '../contracts/errors.ts';

type RiskKey = keyof RiskSettings;

export const riskKeys = Object.keys(riskSchema.shape) as RiskKey[];

function isRiskKey(key: string): key is RiskKey {
  return (riskKeys as string[]).includes(key);
}

/**
 * `KEY=VALUE` texts as the change that they ask for, each value by its own part of the schema. The schema as a whole would put the default
 * in the place of every limit that is not named.
 */
export function parseRiskChange(texts: readonly string[]): Partial<RiskSettings> {
  const faults: string[] = [];
  const change: Record<string, unknown> = {};
  for (const text of texts) {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
    if (!isRiskKey(key)) {
      faults.push(
        key
          ? `there is no limit "${key}"; the limits are ${riskKeys.join(', ')}`
          : `"${text}" is not of the form KEY=VALUE, e.g. maxDailyLoss=0.03`,
      );
    } else if (key in change) {
      faults.push(`${key} is given twice`);
    } else {
      const schema = riskSchema.shape[key];
      // Amounts are decimal text and stay it; every other limit is a number.
      const asText = schema.safeParse(value);
      const isNumber = asText.error?.issues[0]?.code === 'invalid_type' && value.trim() !== '';
      const result = isNumber ? schema.safeParse(Number(value)) : asText;
      if (result.success) change[key] = result.data;
      else faults.push(`${key}: ${result.error.issues[0]?.message ?? 'is not valid'} (it is "${value}")`);
    }
  }
  if (faults.length > 0) {
    throw new UserError('RiskChangeInvalid', `No limit was changed: ${faults.join('; ')}.`, ExitCode.usage);
  }
  return change;
}

/** Limits that contradict each other are refused before they are kept. */
export function refuseUnfitLimits(limits: RiskSettings): void {
  const { error } = riskSchema.safeParse(limits);
  if (!error) return;
  const faults = error.issues.map(({ path, message }) => `${path.join('.') || 'the limits together'}: ${message}`);
  throw new UserError('RiskChangeInvalid', `No limit was changed: ${faults.join('; ')}.`, ExitCode.usage);
}
