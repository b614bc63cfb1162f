import { riskSchema } from '../../contracts/config/schema.ts';
import { settingsText } from './settings.ts';

export const riskText = settingsText(riskSchema, {
  one: 'limit',
  example: 'maxDailyLoss=0.03',
  code: 'RiskChangeInvalid',
});
