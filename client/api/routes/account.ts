import { z } from 'zod';
import {
  candlesSchema,
  fillSchema,
  orderSchema,
  policySchema,
  portfolioSchema,
  positionsSchema,
  riskSchema,
  tradeSchema,
} from '../../../contracts/api/account.ts';
import { limitQuery } from '../../../contracts/api/answer.ts';
import { symbolText } from '../../../contracts/decimal-text.ts';
import type { MarketSnapshot } from '../../../domain/market/market.ts';
import type { Barriers } from '../../../domain/protection/protection.ts';
import { askGuards } from '../../controls/guards.ts';
import { viewCandles } from '../../views/candles-view.ts';
import { exitsFor } from '../../views/exits-view.ts';
import { viewPolicy } from '../../views/policy-view.ts';
import { viewPortfolio } from '../../views/portfolio-view.ts';
import { viewRisk } from '../../views/risk-view.ts';
import { listTrades } from '../../views/trades-view.ts';
import { type Api, reads } from '../api.ts';
import { type Asking, asking } from '../degraded.ts';
import { ApiProblem } from '../problems.ts';
import type { ApiTools } from '../tools.ts';

const tags = ['account'];
const role = 'viewer';
const since = z.coerce.number().int().min(0).default(0).describe('UTC epoch milliseconds');

/** What the account has, had and may: each route shows what the command of its name prints. */
export function registerAccount(api: Api, tools: ApiTools): void {
  const { configuration } = tools;
  const { account } = configuration;
  const guardsOf = (ask: Asking) => ask.of('temporal', async () => askGuards(await tools.temporal(), account));

  api.get(
    '/api/v1/portfolio',
    {
      config: { role },
      schema: { tags, summary: 'Value, balances, positions and profit', response: reads(portfolioSchema) },
    },
    async () => {
      const ask = asking(tools);
      const view = await ask.of('journal', async () => viewPortfolio(configuration, await tools.journal()));
      return ask.answer(view ?? null);
    },
  );

  api.get(
    '/api/v1/positions',
    {
      config: { role },
      schema: { tags, summary: 'What is held, with its exits and where each lives', response: reads(positionsSchema) },
    },
    async () => {
      const ask = asking(tools);
      const [booked, guards] = await Promise.all([
        ask.of('journal', async () => {
          const books = await tools.journal();
          const [view, open] = await Promise.all([
            viewPortfolio(configuration, books),
            books.intents.listOpen(account),
          ]);
          return { positions: view.positions, open };
        }),
        guardsOf(ask),
      ]);
      if (!booked) return ask.answer(null);
      const { positions, open } = booked;
      return ask.answer(
        positions.map((position) => {
          const exits = guards && exitsFor(position.symbol, guards, open);
          return { ...position, ...(exits ? { exits } : {}) };
        }),
      );
    },
  );

  api.get(
    '/api/v1/orders',
    {
      config: { role },
      schema: {
        tags,
        summary: 'Orders, newest first',
        querystring: z.object({
          open: z.stringbool().default(false).describe('Only what may be open at the exchange'),
          limit: limitQuery,
        }),
        response: reads(z.array(orderSchema)),
      },
    },
    async ({ query: { open, limit } }) => {
      const ask = asking(tools);
      const orders = await ask.of('journal', async () => {
        const { intents } = await tools.journal();
        return open ? intents.listOpen(account) : intents.list(account, limit);
      });
      return ask.answer(orders ?? null);
    },
  );

  api.get(
    '/api/v1/fills',
    {
      config: { role },
      schema: {
        tags,
        summary: 'Fills, the newest last',
        querystring: z.object({ since, symbol: symbolText.optional(), limit: limitQuery }),
        response: reads(z.array(fillSchema)),
      },
    },
    async ({ query }) => {
      const ask = asking(tools);
      const found = await ask.of('journal', async () => (await tools.journal()).ledger.trades(account, query));
      return ask.answer(found?.fills ?? null);
    },
  );

  api.get(
    '/api/v1/trades',
    {
      config: { role },
      schema: {
        tags,
        summary: 'A holding each, from its entry to its exit: why it ended, fees and profit',
        querystring: z.object({
          since,
          symbol: symbolText.optional(),
          open: z.stringbool().default(false).describe('Only what is held'),
          limit: limitQuery,
        }),
        response: reads(z.array(tradeSchema)),
      },
    },
    async ({ query }) => {
      const ask = asking(tools);
      const exits = async (): Promise<ReadonlyMap<string, Barriers>> => {
        const guards = (await guardsOf(ask)) ?? [];
        return new Map(
          guards.flatMap(({ symbol, exits: state }) => (symbol && state ? [[symbol, state.barriers] as const] : [])),
        );
      };
      const trades = await ask.of('journal', async () => listTrades(await tools.journal(), account, query, exits));
      return ask.answer(trades ?? null);
    },
  );

  api.get(
    '/api/v1/risk',
    {
      config: { role },
      schema: { tags, summary: 'The limits, and where the account stands against each', response: reads(riskSchema) },
    },
    async () => {
      const ask = asking(tools);
      const view = await ask.of('journal', async () => viewRisk(configuration, await tools.journal(), tools.now()));
      return ask.answer(view ?? null);
    },
  );

  api.get(
    '/api/v1/policy',
    { config: { role }, schema: { tags, summary: 'How signals become a consensus', response: reads(policySchema) } },
    async () => {
      const ask = asking(tools);
      const view = await ask.of('journal', async () => viewPolicy(await tools.journal(), account));
      return ask.answer(view ?? null);
    },
  );

  api.get(
    '/api/v1/candles',
    {
      config: { role },
      schema: {
        tags,
        summary: 'The chart of a symbol as the newest cycle saw it, with our fills',
        querystring: z.object({ symbol: symbolText }),
        response: reads(candlesSchema),
      },
    },
    async ({ query: { symbol } }) => {
      if (!configuration.symbols.includes(symbol)) {
        const words = `${symbol} is not traded here: there are ${configuration.symbols.join(', ')}.`;
        throw new ApiProblem(404, 'NoSuchSymbol', words);
      }
      const ask = asking(tools);
      const seen = await ask.of('market', async () => (await tools.market()).newest());
      if (seen === undefined) return ask.answer(null);
      const wanted = { since: 0, symbol, limit: MOST_FILLS };
      const booked = await ask.of('journal', async () => (await tools.journal()).ledger.trades(account, wanted));
      // As it was written by us, under its hash.
      const snapshot = JSON.parse(seen) as MarketSnapshot;
      return ask.answer(viewCandles(snapshot, symbol, booked?.fills ?? []) ?? null);
    },
  );
}

/** The newest: a chart shows some hundred candles. */
const MOST_FILLS = 1_000;
