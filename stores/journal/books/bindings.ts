import type { Via } from '../../../contracts/audit.ts';
import type { AccountIdentity, Binding } from '../../../contracts/binding.ts';
import type { ControlState } from './control.ts';

/** Whose the books are: each account of theirs is one account at one venue's market, from its first start on. */
export interface BindingBook {
  /** Undefined before the account's first start. */
  read(account: string): Promise<Binding | undefined>;
  /**
   * Binds an account that is not bound yet; one that is stays as it is. Returns what is in force, and whether it is new; where the books have that
   * account of the venue under another name, the binding of that one.
   */
  bind(request: {
    account: string;
    identity: AccountIdentity;
    by: string;
    via: Via;
  }): Promise<{ binding: Binding; isNew: boolean }>;
  /**
   * Leaves an account that is gone for good: what was open there is over, its cursors are forgotten, and trading is halted under an epoch that nothing of
   * before was decided under. Returns undefined where the books are not bound.
   */
  unbind(request: {
    account: string;
    reason: string;
    by: string;
    via: Via;
  }): Promise<{ market: string; control: ControlState } | undefined>;
}
