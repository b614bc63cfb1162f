import { policySchema } from '../../contracts/participation.ts';
import { settingsText } from './settings.ts';

export const policyText = settingsText(policySchema, {
  one: 'setting',
  example: 'minConviction=0.2',
  code: 'PolicyChangeInvalid',
});
