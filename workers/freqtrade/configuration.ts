import type { Configuration } from '../../contracts/config/schema.ts';
import { exchangeUrl } from '../../runtime/configuration/addresses.ts';

/** Seconds between two looks for a closed candle. */
const LOOK_SECONDS = 5;

/**
 * Freqtrade's own configuration file. It always trades with simulated money: an engine that advises has no keys, and none of Sapphire's. Its
 * simulated account opens with what the paper account opens with, so that the two records can be compared.
 *
 * @param digest of the strategy's files, where it is one of the user's: its agent says it with each answer
 * @param secrets.password of its REST API, at least 16 characters
 * @param secrets.signingKey of the tokens that its REST API gives, at least 32 characters
 */
export function freqtradeConfiguration(
  configuration: Pick<
    Configuration,
    'mode' | 'venue' | 'symbols' | 'currency' | 'paperBalance' | 'paperExchange' | 'agents'
  >,
  secrets: { password: string; signingKey: string },
  digest?: string,
): Record<string, unknown> {
  const { symbols, currency, paperBalance, agents } = configuration;
  const bestOfOtherSide = { price_side: 'other', use_order_book: true, order_book_top: 1 };
  return {
    bot_name: digest === undefined ? 'sapphire' : `sapphire ${digest}`,
    dry_run: true,
    dry_run_wallet: Number(paperBalance),
    stake_currency: currency,
    stake_amount: 'unlimited',
    max_open_trades: symbols.length,
    trading_mode: 'spot',
    initial_state: 'running',
    entry_pricing: bestOfOtherSide,
    exit_pricing: bestOfOtherSide,
    pairlists: [{ method: 'StaticPairList' }],
    exchange: exchangeSection(configuration.venue, exchangeUrl(configuration), symbols),
    api_server: {
      enabled: true,
      listen_ip_address: '127.0.0.1',
      listen_port: agents.freqtrade.port,
      username: agents.freqtrade.username,
      password: secrets.password,
      jwt_secret_key: secrets.signingKey,
      verbosity: 'error',
    },
    internals: { process_throttle_secs: LOOK_SECONDS },
    log_config: plainLog,
  };
}

/** Without keys, so that only public data can be asked for. ccxt would ask Binance's futures for their markets too, which no paper market has. */
function exchangeSection(venue: string, url: string | undefined, symbols: readonly string[]): Record<string, unknown> {
  const rest = `${url}/api/v3`;
  return {
    name: venue,
    key: '',
    secret: '',
    enable_ws: false,
    pair_whitelist: symbols,
    ccxt_config: {
      options: { fetchMarkets: { types: ['spot'] } },
      ...(url === undefined ? {} : { urls: { api: { public: rest, private: rest } } }),
    },
  };
}

/** Whole lines: the default wraps them at the width of a terminal that is not there. */
const plainLog = {
  version: 1,
  formatters: { line: { format: '%(asctime)s %(levelname)s %(name)s: %(message)s' } },
  handlers: { stderr: { class: 'logging.StreamHandler', formatter: 'line' } },
  root: { handlers: ['stderr'], level: 'INFO' },
};
