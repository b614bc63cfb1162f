import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { startTestExchange } from '../paper-exchange/harness.ts';
import { simulatedVenue } from '../support/simulated.ts';
import { describeTradingContract } from './trading-contract.ts';

const apiKey = process.env['SAPPHIRE_TESTNET_API_KEY'];
const secret = process.env['SAPPHIRE_TESTNET_SECRET'];
const given = Boolean(apiKey && secret);

if (!given) {
  process.stdout.write(
    "NOT RUN: the trading contract on Binance Spot's testnet. Set SAPPHIRE_TESTNET_API_KEY and SAPPHIRE_TESTNET_SECRET (https://testnet.binance.vision) to run it.\n",
  );
}

describeTradingContract(
  "Binance Spot's testnet",
  async () => {
    const client = createCcxtClient({ venue: 'binance', restUrl: 'https://testnet.binance.vision', apiKey, secret });
    return { trading: await createCcxtTrading(client), close: async () => {} };
  },
  given,
);

describeTradingContract(
  'the paper exchange',
  async () => {
    const exchange = await startTestExchange();
    const keys = await exchange.account('contract', { USDT: '10000' });
    const client = createCcxtClient({ venue: 'binance', restUrl: exchange.url, ...keys });
    return { trading: await createCcxtTrading(client), close: () => exchange.close() };
  },
  true,
);

describeTradingContract(
  'the simulated market of this process',
  async () => ({ trading: (await simulatedVenue()).trading, close: async () => {} }),
  true,
);
