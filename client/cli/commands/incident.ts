import type { Command } from 'commander';
import { ExitCode } from '../../../contracts/errors.ts';
import type { Incident } from '../../../domain/health/health.ts';
import { clock } from '../../views/cycle-view.ts';
import { figuresLine, lasted, runbookLines } from '../../views/incident-view.ts';
import { findIncident, listIncidents, viewIncident } from '../../views/incidents.ts';
import { action, duration, wholeNumber } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';

const DAY_MS = 86_400_000;

function stateOf({ recoveredAt, recoveredBy, escalatedAt, acknowledged }: Incident): string {
  if (recoveredAt !== undefined) return `recovered (${recoveredBy})`;
  if (escalatedAt === undefined) return 'open';
  return acknowledged ? `escalated, seen by ${acknowledged.by}` : 'ESCALATED';
}

function underHeading(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', 'what to do about what is open:', ...lines.map((line) => `  ${line}`)];
}

export function registerIncidents(program: Command): void {
  const incident = program.command('incident').description('what went wrong, what was done about it, and how it ended');

  action<OutputOptions & { limit: number; since: number }>(
    incident
      .command('list')
      .description('the newest incidents, MTTD and MTTR; exit code 6 while one is open that needs a person')
      .option('--limit <n>', 'how many', wholeNumber('--limit', 1, 1_000), 20)
      .option('--since <age>', 'not older, e.g. 24h or 30d', duration('--since'), 30 * DAY_MS)
      .addHelpText('after', '\nExamples:\n  ./sapphire incident list\n  ./sapphire incident list --since 24h --json'),
    async (context, options) => {
      const journal = await context.journal();
      const view = await listIncidents(journal, { since: Date.now() - options.since, limit: options.limit });
      const { figures, incidents: shown } = view;
      print(view, options, () => [
        figuresLine(figures),
        '',
        table(
          [
            'incident',
            { title: 'found', least: 1 },
            { title: 'lasted', least: 2 },
            { title: 'what', least: 3 },
            'state',
            'detail',
          ],
          shown.map((each) => [
            each.incidentId,
            clock(each.detectedAt),
            lasted(each),
            each.code,
            stateOf(each),
            each.detail,
          ]),
        ),
        ...underHeading(runbookLines(shown)),
      ]);
      return figures.escalated > 0 ? ExitCode.unhealthy : ExitCode.ok;
    },
  );

  action(
    incident
      .command('show <id>')
      .description('timeline, a message to stakeholders, and a draft of the post-mortem')
      .addHelpText('after', '\nExample:\n  ./sapphire incident show process-workers-cycles-1795485253451'),
    async (context, options: OutputOptions, id: string) => {
      const found = await findIncident(await context.journal(), id);
      const drafts = viewIncident(found);
      print(drafts, options, () => [
        `${found.component}: ${found.code} (${found.severity}), ${stateOf(found)}`,
        `what to do: ${drafts.runbook}`,
        '',
        ...drafts.timeline.map(({ at, what }) => `${clock(at)}  ${what}`),
        '',
        '── message to stakeholders ──',
        drafts.message,
        '',
        '── post-mortem ──',
        ...drafts.postMortem.split('\n'),
      ]);
    },
  );

  action(
    incident
      .command('ack <id>')
      .description('say that a person looks into it: the alert of the unacknowledged ends')
      .addHelpText('after', '\nExample:\n  ./sapphire incident ack exchange-1795485253451'),
    async (context, options: OutputOptions, id: string) => {
      const journal = await context.journal();
      await findIncident(journal, id);
      const seen = await journal.incidents.acknowledge({ incidentId: id, by: context.user });
      print(seen, options, () => `${id} is looked into by ${seen?.acknowledged?.by}`);
    },
  );
}
