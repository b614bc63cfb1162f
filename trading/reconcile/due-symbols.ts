type Balances = Readonly<Record<string, string>>;

/** Of no more than these all are due in each round. */
export const ALL_AT_ONCE = 8;
/** Of more, these whatever the balances say: each is read within a minute. */
const IN_TURN = 4;

/** Which symbols' trades are worth asking for. */
export interface DueSymbols {
  /** @param symbols all that is traded */
  of(symbols: readonly string[]): Promise<readonly string[]>;
  /** Those that were due have been read: what the balances were then is known. */
  read(): void;
}

/**
 * A list of trades weighs 20 of the 6,000 that an address has in a minute, and all balances together as much. Of many symbols those are due whose
 * balance has changed since the last round, all where only the money has, since something was bought and sold again, and some in turn.
 */
export function createDueSymbols(balances: () => Promise<Balances>): DueSymbols {
  let known: Balances | undefined;
  let next: Balances | undefined;
  let turn = 0;
  return {
    async of(symbols) {
      if (symbols.length <= ALL_AT_ONCE) return symbols;
      // Before the trades are read: what comes in between shows in the next round's.
      const now = await balances();
      next = now;
      const before = known;
      if (!before) return symbols;
      const isChanged = (asset: string | undefined): boolean => asset !== undefined && now[asset] !== before[asset];
      const changed = symbols.filter((symbol) => isChanged(symbol.split('/')[0]));
      if (changed.length === 0 && symbols.some((symbol) => isChanged(symbol.split('/')[1]))) return symbols;
      const inTurn = Array.from({ length: IN_TURN }, (_, index) => symbols[(turn + index) % symbols.length]);
      turn += IN_TURN;
      return symbols.filter((symbol) => changed.includes(symbol) || inTurn.includes(symbol));
    },
    read() {
      known = next;
    },
  };
}
