import type { Command } from 'commander';
import { viewModelCosts } from '../../views/agents-view.ts';
import { clock } from '../../views/cycle-view.ts';
import { action, duration, wholeNumber } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';

/** What language models cost, and what they said. */
export function registerModelCosts(agents: Command): void {
  action<OutputOptions & { since: number }>(
    agents
      .command('costs')
      .description('calls, tokens and money by agent and model')
      .option('--since <age>', 'hours or days back, e.g. 24h or 7d', duration('--since'), 86_400_000)
      .addHelpText('after', '\nExample:\n  ./sapphire agents costs --since 7d'),
    async ({ journal }, options) => {
      const since = Date.now() - options.since;
      const view = await viewModelCosts(await journal(), since);
      const { costUsd, models } = view;
      print(view, options, () => [
        table(
          ['agent', 'model', 'calls', 'tokens', 'USD'],
          models.map(({ agentId, model, calls, tokens, costUsd: cost }) => [
            agentId,
            model,
            String(calls),
            String(tokens),
            cost,
          ]),
        ),
        `${costUsd} USD since ${clock(since)}`,
      ]);
    },
  );

  action<OutputOptions & { cycle?: string; limit: number }>(
    agents
      .command('calls')
      .description('what was asked of language models, and their answers as they came, newest first')
      .option('--cycle <id>', 'of this cycle alone')
      .option('--limit <n>', 'how many', wholeNumber('--limit', 1, 1_000), 20)
      .addHelpText('after', '\nExample:\n  ./sapphire agents calls --cycle cycle/main-2026-01-05T10:00:00Z --json'),
    async ({ journal }, options) => {
      const calls = await (await journal()).modelCalls.list({ cycleId: options.cycle, limit: options.limit });
      print(calls, options, () =>
        table(
          [
            'at',
            'agent',
            { title: 'model', least: 2 },
            { title: 'prompt', least: 3 },
            'state',
            { title: 'tokens', least: 4 },
            'USD',
            { title: 'ms', least: 5 },
            { title: 'answer', least: 1 },
          ],
          calls.map((call) => [
            clock(call.startedAt),
            call.agentId,
            call.model || call.askedModel,
            `${call.promptVersion} ${call.promptHash.slice(0, 8)}`,
            call.state === 'settled' ? call.finishReason.slice(0, 30) : 'end unknown: counted at its most',
            String(call.tokens),
            call.costUsd,
            String(call.latencyMs),
            call.content.replaceAll(/\s+/g, ' ').slice(0, 60),
          ]),
        ),
      );
    },
  );
}
