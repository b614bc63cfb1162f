import { describe, expect, it } from 'vitest';
import { decimal } from '../../../domain/money/money.ts';
import { type QuoteModelName, type QuoteTerms, quoteModel, quoteModels } from '../../../domain/quoting/models.ts';
import { Random } from '../../../venues/simulated/market/random.ts';

function terms(changes: Partial<Record<'gamma' | 'sigma' | 'a' | 'kappa' | 'left' | 'most', number>> = {}): QuoteTerms {
  const { gamma = 0.1, sigma = 2, a = 140, kappa = 1.5, left = 1, most = 10 } = changes;
  return {
    riskFactor: decimal(gamma),
    flow: { variance: decimal(sigma).pow(2), intensity: decimal(a), fillDecay: decimal(kappa) },
    horizonSeconds: decimal(left),
    mostInventory: decimal(most),
  };
}

/** The paper's own experiment: σ = 2, T = 1, dt = 0.005, k = 1.5, A = 140, 1,000 paths; how each quote fares of A·e^(−kδ)·dt fills a step. */
function experiment(name: QuoteModelName, gamma: number) {
  const [paths, steps] = [1_000, 200];
  const dt = 1 / steps;
  const books = Array.from({ length: paths }, () => ({ price: 100, cash: 0, inventory: 0 }));
  // The symmetric one keeps the average of the spreads that the other quotes.
  const average = (step: number): number => (name === 'symmetric' ? 0.5 : 1 - step * dt);
  for (let step = 0; step < steps; step += 1) {
    const model = quoteModel(name, terms({ gamma, left: average(step) }));
    const known = new Map<number, { bid: number; ask: number }>();
    const distances = (inventory: number) => {
      const quoted = known.get(inventory);
      if (quoted) return quoted;
      const { bid, ask } = model(decimal(inventory));
      const made = { bid: bid.toNumber(), ask: ask.toNumber() };
      known.set(inventory, made);
      return made;
    };
    for (const [path, book] of books.entries()) {
      const random = new Random(7, path, step);
      const { bid, ask } = distances(book.inventory);
      const fills = (distance: number): boolean => random.uniform() < 140 * Math.exp(-1.5 * distance) * dt;
      const [bought, sold] = [fills(bid), fills(ask)];
      if (bought) book.cash -= book.price - bid;
      if (sold) book.cash += book.price + ask;
      book.inventory += Number(bought) - Number(sold);
      book.price += random.normal() * 2 * Math.sqrt(dt);
    }
  }
  const of = (values: number[]) => {
    const mean = values.reduce((total, value) => total + value, 0) / paths;
    return { mean, deviation: Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / paths) };
  };
  const first = quoteModel(name, terms({ gamma, left: 0.5 }))(decimal(0));
  return {
    spread: first.bid.plus(first.ask).toNumber(),
    profit: of(books.map(({ price, cash, inventory }) => cash + price * inventory)),
    inventory: of(books.map(({ inventory }) => inventory)),
  };
}

// Profit, its deviation, and that of the final inventory: the paper's tables 1 to 3, within four standard errors of two draws of 1,000 paths.
describe.each([
  { gamma: 0.1, spread: 1.49, aware: [65, 6.6, 2.9], symmetric: [68, 13, 8.4] },
  { gamma: 0.01, spread: 1.35, aware: [68.5, 8.9, 5.2], symmetric: [68.8, 13.1, 8.7] },
  { gamma: 0.5, spread: 2.16, aware: [48.6, 6, 1.9], symmetric: [58.5, 11.8, 7.2] },
])('Avellaneda and Stoikov’s own simulation at γ = $gamma', ({ gamma, spread, aware, symmetric }) => {
  it.each([
    ['avellaneda-stoikov', aware],
    ['symmetric', symmetric],
  ] as const)('%s earns and holds what they found', (name, [profit = 0, deviation = 0, held = 0]) => {
    const found = experiment(name, gamma);
    expect(Math.abs(found.spread - spread)).toBeLessThan(0.01);
    expect(Math.abs(found.profit.mean - profit)).toBeLessThan(4 * deviation * Math.sqrt(2 / 1_000));
    expect(Math.abs(found.profit.deviation - deviation) / deviation).toBeLessThan(0.1);
    expect(Math.abs(found.inventory.deviation - held) / held).toBeLessThan(0.1);
  });
});

describe('the models', () => {
  it('of Guéant and others is the closed form, to the digit', () => {
    // Calculated apart with 30 digits: c₁ = ln(1 + γ/κ)/γ, c₂σ = √(σ²γ/(2Aκ)·(1 + γ/κ)^(κ/γ + 1)).
    const { bid, ask } = quoteModel('glft', terms())(decimal(3));
    expect({ bid: bid.toFixed(12), ask: ask.toFixed(12) }).toEqual({ bid: '0.826395467803', ask: '0.516092171071' });
  });

  it.each(quoteModels)('%s lowers neither side’s distance below the other’s where nothing is held', (name) => {
    const { bid, ask } = quoteModel(name, terms())(decimal(0));
    expect(bid.minus(ask).abs().toNumber()).toBeLessThan(name === 'avellaneda-stoikov-infinite' ? 0.2 : 1e-20);
    expect(bid.gt(0)).toBe(true);
  });

  it.each(quoteModels.filter((name) => name !== 'symmetric'))('%s sells sooner the more it holds', (name) => {
    const model = quoteModel(name, terms());
    const held = [-5, -1, 0, 1, 5].map((inventory) => model(decimal(inventory)));
    const asks = held.map(({ ask }) => ask.toNumber());
    const bids = held.map(({ bid }) => bid.toNumber());
    expect(asks).toEqual(asks.toSorted((one, other) => other - one));
    expect(bids).toEqual(bids.toSorted((one, other) => one - other));
  });
});
