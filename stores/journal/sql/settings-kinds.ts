import { type RiskSettings, riskSchema } from '../../../contracts/config/schema.ts';
import { storedRiskSchema } from '../../../contracts/config/stored-risk.ts';
import { UserError } from '../../../contracts/errors.ts';
import { type PolicySettings, policySchema, storedPolicySchema } from '../../../contracts/participation.ts';
import type { Sql } from './database.ts';
import { readSettings, type SettingsKind } from './settings.ts';

export const riskSettings: SettingsKind<RiskSettings> = {
  table: 'risk_changes',
  event: 'risk',
  schema: riskSchema,
  stored: storedRiskSchema,
  defaults: riskSchema.parse({}),
  formerDefaults: { maxSnapshotAgeSeconds: 10 },
  missing: (account) =>
    new UserError(
      'NoRiskLimits',
      `No risk limits are in force for ${account}. "npm start" adopts the configured ones.`,
    ),
};

/** Without the quorum, which has a default of its own in each profile. */
const { quorumCount: _quorum, ...policyDefaults } = policySchema.parse({ quorumCount: 1 });

export const policySettings: SettingsKind<PolicySettings> = {
  table: 'policy_changes',
  event: 'policy',
  schema: policySchema,
  stored: storedPolicySchema,
  defaults: policyDefaults,
  formerDefaults: {},
  missing: (account) =>
    new UserError('NoPolicy', `No policy is in force for ${account}. "npm start" adopts the configured one.`),
};

/** Throws when no limits were ever adopted: nothing trades without. */
export async function readLimits(sql: Sql, account: string): Promise<RiskSettings> {
  return (await readSettings(sql, riskSettings, account)).settings;
}
