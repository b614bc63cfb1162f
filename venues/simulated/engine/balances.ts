export interface Balance {
  free: bigint;
  locked: bigint;
}

/**
 * What the accounts own. Nothing is made or lost but by deposits: the sum over accounts, the background's net position
 * and the collected fees equals what was deposited, per asset and to the unit.
 */
export class Balances {
  readonly accounts = new Map<number, Map<string, Balance>>();
  /** Net position of the background flow, below zero where it gave more than it got. */
  readonly background = new Map<string, bigint>();
  readonly fees = new Map<string, bigint>();
  readonly deposited = new Map<string, bigint>();
  /** Assets of each account that changed since the last drain. */
  readonly touched = new Map<number, Set<string>>();

  of(account: number, asset: string): Balance {
    let assets = this.accounts.get(account);
    if (!assets) {
      assets = new Map();
      this.accounts.set(account, assets);
    }
    let balance = assets.get(asset);
    if (!balance) {
      balance = { free: 0n, locked: 0n };
      assets.set(asset, balance);
    }
    return balance;
  }

  /** Below zero for a withdrawal; false, and nothing moved, where less than that is free. */
  deposit(account: number, asset: string, units: bigint): boolean {
    const balance = this.of(account, asset);
    if (balance.free + units < 0n) return false;
    balance.free += units;
    add(this.deposited, asset, units);
    this.touch(account, asset);
    return true;
  }

  /** Moves free funds into the lock; false, and nothing moved, where there are too few. */
  lock(account: number, asset: string, units: bigint): boolean {
    const balance = this.of(account, asset);
    if (balance.free < units) return false;
    balance.free -= units;
    balance.locked += units;
    this.touch(account, asset);
    return true;
  }

  unlock(account: number, asset: string, units: bigint): void {
    if (units === 0n) return;
    const balance = this.of(account, asset);
    balance.locked -= units;
    balance.free += units;
    this.touch(account, asset);
  }

  spendLocked(account: number, asset: string, units: bigint): void {
    this.of(account, asset).locked -= units;
    this.touch(account, asset);
  }

  receive(account: number, asset: string, units: bigint): void {
    this.of(account, asset).free += units;
    this.touch(account, asset);
  }

  payFee(account: number, asset: string, units: bigint): void {
    if (units === 0n) return;
    this.of(account, asset).free -= units;
    add(this.fees, asset, units);
    this.touch(account, asset);
  }

  touch(account: number, asset: string): void {
    const assets = this.touched.get(account);
    if (assets) assets.add(asset);
    else this.touched.set(account, new Set([asset]));
  }
}

export function add(totals: Map<string, bigint>, asset: string, units: bigint): void {
  totals.set(asset, (totals.get(asset) ?? 0n) + units);
}
