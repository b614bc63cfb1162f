import type { RuleAgent } from '../../../contracts/rule-agent.ts';

export default {
  name: 'momentum',
  horizonMinutes: 60,
  parameters: { minutes: 60, believed: 0.1 },
  decide({ candles, features: { deviation } }, { minutes, believed }) {
    const [first, last] = [candles.at(-minutes), candles.at(-1)];
    if (!first || !last) return { abstain: `needs ${minutes} candles` };
    const moves = Math.log(last.close / first.open) / deviation;
    if (Math.abs(moves) < 1) return { abstain: 'no trend beyond chance' };
    return { expectedReturn: believed * moves * deviation, conviction: Math.min(1, Math.abs(moves) / 3) };
  },
} satisfies RuleAgent<{ minutes: number; believed: number }>;
