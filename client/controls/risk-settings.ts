import type { Via } from '../../contracts/audit.ts';
import { addedFaults } from '../../contracts/config/faults.ts';
import { limitFaults } from '../../contracts/config/limit-faults.ts';
import { type Configuration, type RiskSettings, riskSchema } from '../../contracts/config/schema.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { settingsText } from './settings.ts';

export const riskText = settingsText(riskSchema, {
  one: 'limit',
  example: 'maxDailyLoss=0.03',
  code: 'RiskChangeInvalid',
});

/**
 * Changes limits from the next cycle on. Idempotent by request id.
 *
 * @throws UserError RiskChangeInvalid
 */
export async function changeRisk(
  { risk: book }: Pick<Journal, 'risk'>,
  configuration: Configuration,
  request: { requestId: string; settings: Partial<RiskSettings>; by: string; reason: string; via: Via },
) {
  const { account } = configuration;
  const before = (await book.read(account)).settings;
  const after = { ...before, ...request.settings };
  riskText.refuse(addedFaults((limits) => limitFaults(limits, configuration), before, after));
  const change = await book.change({ ...request, account });
  return { ...change, changed: riskText.changed(change) };
}
