import type { Via } from '../../../contracts/audit.ts';

export interface SettingsChange<Settings> {
  version: number;
  account: string;
  before: Settings | undefined;
  after: Settings;
  by: string;
  reason: string;
  changedAt: number;
}

/** Settings of an account: the configuration's, until a person changes them here. */
export interface SettingsBook<Settings> {
  /** Throws when none were ever adopted. */
  read(account: string): Promise<{ version: number; settings: Settings }>;
  /**
   * Takes the configuration's settings over when they are not those that were last taken over: a person's change here stays until the
   * configuration itself is changed. A default that moved with a release changes only what no person has.
   */
  adopt(account: string, configured: Settings): Promise<void>;
  /** Idempotent by request id. */
  change(request: {
    requestId: string;
    account: string;
    settings: Partial<Settings>;
    by: string;
    reason: string;
    via?: Via;
  }): Promise<SettingsChange<Settings>>;
  changes(account: string, limit: number): Promise<SettingsChange<Settings>[]>;
}
