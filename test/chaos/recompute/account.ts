import { type Exact, NOTHING, over, rounded, smaller, times, total } from './exact.ts';

/*
 * What an account has and has gained, kept by the definitions in docs/journal.md alone. It shares no code with the books that it is held against:
 * it keeps the whole cost of what is held where they keep an average, and whole numbers where they keep decimals.
 */

export interface Holding {
  /** Below zero: more left than was known to be held. */
  quantity: Exact;
  /** Of the whole quantity. */
  cost: Exact;
  dust: Exact;
  dustCost: Exact;
  realized: Exact;
}

export interface FillFact {
  symbol: string;
  side: 'buy' | 'sell';
  price: Exact;
  quantity: Exact;
  fee: Exact;
  feeAsset: string;
}

export interface FlowFact {
  asset: string;
  /** Below zero for what left. */
  amount: Exact;
  /** In the account's currency, with the sign of the amount. */
  value: Exact;
  /** It has no market: what comes in is dust, where nothing is owed. */
  untraded: boolean;
}

export interface Account {
  /** What one fill realised, and what its fee is worth; undefined where that is not known. */
  trade(fact: FillFact): { realized: Exact; feeWorth: Exact | undefined };
  /** Returns what it realised. */
  flow(fact: FlowFact): Exact;
  /** Sets all that is held of a symbol apart. Returns how much that was. */
  sweep(symbol: string): Exact;
  /** Ends a holding at a worth while the exchange has so much of the asset. Returns what it realised, and the worth of what left. */
  bookOut(symbol: string, value: Exact, atExchange: Exact): { realized: Exact; takenOut: Exact };
  holding(symbol: string): Readonly<Holding>;
  readonly symbols: string[];
  /** All that the exchange has of each asset. */
  readonly balances: ReadonlyMap<string, Exact>;
  readonly fees: ReadonlyMap<string, Exact>;
  /** The worth of all that came in, less that of what left. */
  readonly paidIn: Exact;
  /** Cash, and what is held at these prices; what has none counts at its cost where it is not traded. */
  equity(priceOf: (symbol: string) => Exact | 'not traded'): Exact;
}

export function createAccount(currency: string): Account {
  const holdings = new Map<string, Holding>();
  const balances = new Map<string, Exact>();
  const fees = new Map<string, Exact>();
  let paidIn = NOTHING;

  const add = (to: Map<string, Exact>, asset: string, amount: Exact): void =>
    void to.set(asset, (to.get(asset) ?? NOTHING) + amount);
  const holdingOf = (symbol: string): Holding => {
    const known = holdings.get(symbol);
    if (known) return known;
    const made = { quantity: NOTHING, cost: NOTHING, dust: NOTHING, dustCost: NOTHING, realized: NOTHING };
    holdings.set(symbol, made);
    return made;
  };

  /** What is owed is covered first, and what that cost is lost. */
  const comesIn = (holding: Holding, amount: Exact, cost: Exact): void => {
    const owed = holding.quantity < 0n ? -holding.quantity : NOTHING;
    const lost = owed === NOTHING && amount > 0n ? NOTHING : owed < amount ? over(times(cost, owed), amount) : cost;
    holding.quantity += amount;
    holding.cost += cost - lost;
    holding.realized -= lost;
  };
  /** Returns the cost that goes along, and how much of it was not there. */
  const leaves = (holding: Holding, amount: Exact): { cost: Exact; missing: Exact } => {
    const there = smaller(amount, holding.quantity > 0n ? holding.quantity : NOTHING);
    const cost =
      there === NOTHING
        ? NOTHING
        : there === holding.quantity
          ? holding.cost
          : over(times(holding.cost, there), holding.quantity);
    holding.quantity -= amount;
    holding.cost -= cost;
    return { cost, missing: amount - there };
  };
  const dustLeaves = (holding: Holding, amount: Exact): Exact => {
    const cost = amount === holding.dust ? holding.dustCost : over(times(holding.dustCost, amount), holding.dust);
    holding.dust -= amount;
    holding.dustCost -= cost;
    return cost;
  };
  const takeDustBack = (holding: Holding): void => {
    if (holding.dust === NOTHING) return;
    const [amount, cost] = [holding.dust, holding.dustCost];
    holding.dust = NOTHING;
    holding.dustCost = NOTHING;
    comesIn(holding, amount, cost);
  };

  /** A fee in a third asset: from what can be sold, then from dust. What it had cost is known where all of it was there. */
  const payThird = (holding: Holding, fee: Exact): { cost: Exact; missing: Exact } => {
    const sellable = smaller(fee, holding.quantity > 0n ? holding.quantity : NOTHING);
    const dust = smaller(fee - sellable, holding.dust);
    const dustCost = dust === NOTHING ? NOTHING : dustLeaves(holding, dust);
    const { cost, missing } = leaves(holding, fee - dust);
    return { cost: cost + dustCost, missing };
  };

  return {
    trade({ symbol, side, price, quantity, fee, feeAsset }) {
      const [base = '', quote = ''] = symbol.split('/');
      const value = times(price, quantity);
      add(balances, base, side === 'buy' ? quantity : -quantity);
      add(balances, quote, side === 'buy' ? -value : value);
      add(balances, feeAsset, -fee);
      add(fees, feeAsset, fee);
      const isThird = feeAsset !== base && feeAsset !== quote && fee !== NOTHING;
      const third = isThird ? payThird(holdingOf(`${feeAsset}/${quote}`), fee) : { cost: NOTHING, missing: NOTHING };
      const inQuote = feeAsset === quote ? fee : third.cost;
      const inBase = feeAsset === base ? fee : NOTHING;
      const holding = holdingOf(symbol);
      const before = holding.realized;
      if (side === 'buy') {
        takeDustBack(holding);
        comesIn(holding, quantity - inBase, value + inQuote);
      } else {
        if (quantity + inBase > holding.quantity) takeDustBack(holding);
        const { cost } = leaves(holding, quantity + inBase);
        holding.realized += value - inQuote - cost;
      }
      const ofThird = third.missing === NOTHING ? third.cost : undefined;
      const feeWorth = isThird ? ofThird : feeAsset === base ? times(fee, price) : fee;
      return { realized: holding.realized - before, feeWorth };
    },

    flow({ asset, amount, value, untraded }) {
      add(balances, asset, amount);
      paidIn += value;
      if (asset === currency) return NOTHING;
      const holding = holdingOf(`${asset}/${currency}`);
      const before = holding.realized;
      if (amount > 0n && untraded && holding.quantity >= 0n) {
        holding.dust += amount;
        holding.dustCost += value;
      } else if (amount > 0n) comesIn(holding, amount, value);
      else {
        const ofHolding = smaller(-amount, holding.quantity > 0n ? holding.quantity : NOTHING);
        const ofDust = -amount - ofHolding;
        const cost = leaves(holding, ofHolding).cost + (ofDust === NOTHING ? NOTHING : dustLeaves(holding, ofDust));
        holding.realized += -value - cost;
      }
      return holding.realized - before;
    },

    sweep(symbol) {
      const holding = holdingOf(symbol);
      const { quantity, cost } = holding;
      holding.dust += quantity;
      holding.dustCost += cost;
      holding.quantity = NOTHING;
      holding.cost = NOTHING;
      return quantity;
    },

    bookOut(symbol, value, atExchange) {
      const [base = ''] = symbol.split('/');
      const holding = holdingOf(symbol);
      const left = (balances.get(base) ?? NOTHING) - atExchange;
      const whole = holding.quantity + holding.dust;
      const kept = whole - left;
      const counted = kept + (left > 0n ? left : NOTHING);
      const worthKept = rounded(over(times(value, kept), counted), 8);
      const realized = value - holding.cost - holding.dustCost;
      balances.set(base, atExchange);
      holdings.set(symbol, {
        quantity: NOTHING,
        cost: NOTHING,
        dust: kept,
        dustCost: worthKept,
        realized: holding.realized + realized,
      });
      paidIn -= value - worthKept;
      return { realized, takenOut: value - worthKept };
    },

    holding: (symbol) => holdingOf(symbol),
    get symbols() {
      return [...holdings.keys()].sort();
    },
    balances,
    fees,
    get paidIn() {
      return paidIn;
    },
    equity(priceOf) {
      const worths = [...holdings].map(([symbol, { quantity, cost, dust, dustCost }]) => {
        const price = priceOf(symbol);
        return price === 'not traded' ? cost + dustCost : times(quantity + dust, price);
      });
      return (balances.get(currency) ?? NOTHING) + total(worths);
    },
  };
}
