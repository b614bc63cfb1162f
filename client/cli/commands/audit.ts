import { type Command, InvalidArgumentError } from 'commander';
import { ExitCode } from '../../../contracts/errors.ts';
import { detailSentence } from '../../../contracts/refusal-sentences.ts';
import { readWarehouse } from '../../../stores/warehouse/query.ts';
import { clock } from '../../views/cycle-view.ts';
import { action, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';

interface VerifyOptions extends OutputOptions {
  head?: string;
}

/** So many are no accident in a trail of millions. */
const LEAST_DIGITS = 8;

/** As the whole hash, or as its beginning with the dots that stand for the rest. */
function headText(text: string): string {
  const digits = text.replace(/(…|\.\.\.)$/, '').toLowerCase();
  if (/^[0-9a-f]+$/.test(digits) && digits.length >= LEAST_DIGITS) return digits;
  throw new InvalidArgumentError(`--head is a hash, or its first ${LEAST_DIGITS} digits and more.`);
}

/** Reads the whole trail, and holds it against the warehouse's copy, which whoever cut off the trail's end would have to forge as well. */
async function verify(context: CliContext, options: VerifyOptions): Promise<number> {
  const journal = await context.journal();
  const { entries, head, fault, differences } = await journal.audit.verify();
  const faults = [...(fault === undefined ? [] : [fault]), ...differences];
  const { warehouse } = await context.warehouse();
  const copies = await readWarehouse(warehouse, [], ({ query }) =>
    query('SELECT CAST(sequence AS INTEGER) AS place, hash FROM audit_log ORDER BY sequence'),
  );
  const hashes = new Map<number, string>();
  for (let place = 0; ; ) {
    const page = await journal.audit.after(place, 1_000);
    for (const entry of page) hashes.set(entry.place, entry.hash);
    const last = page.at(-1);
    if (!last) break;
    place = last.place;
  }
  const differing = copies.find(({ place, hash }) => hashes.get(Number(place)) !== hash);
  if (differing) {
    const place = Number(differing['place']);
    faults.push(
      hashes.has(place)
        ? `entry ${place} is not the one that the warehouse has`
        : `entry ${place} is missing: the warehouse has it`,
    );
  }
  if (options.head !== undefined && ![head, ...hashes.values()].some((hash) => hash.startsWith(options.head ?? ''))) {
    faults.push(`the head ${options.head} that you hold is not in the trail`);
  }
  print({ entries, head, copies: copies.length, faults }, options, () =>
    faults.length === 0
      ? [
          `${entries} entries, unbroken, and the books are as they tell; ${copies.length} of them in the warehouse, the same.`,
          `head ${head}`,
          `Keep the head elsewhere: "./sapphire audit verify --head ${head.slice(0, 8)}…" then finds a trail that was made anew.`,
        ]
      : ['The audit trail, or what it tells of, was changed.', ...faults],
  );
  return faults.length === 0 ? ExitCode.ok : ExitCode.unhealthy;
}

export function registerAudit(program: Command): void {
  const audit = program
    .command('audit')
    .description('who changed what and why, in a trail that cannot be changed unseen');

  action<OutputOptions & { limit: number }>(
    audit
      .command('list')
      .description('the newest entries')
      .option('--limit <n>', 'how many', wholeNumber('--limit', 1, 1_000), 20)
      .addHelpText('after', '\nExample:\n  ./sapphire audit list --limit 50'),
    async ({ configuration, journal }, options) => {
      const { audit: trail } = await journal();
      const last = await trail.lastPlace();
      const entries = (await trail.after(last - options.limit, options.limit)).toReversed();
      print(entries, options, () =>
        table(
          ['place', 'at', 'what', 'by', { title: 'via', least: 2 }, 'reason', { title: 'hash', least: 1 }],
          entries.map(({ place, at, kind, by, via, reason, hash }) => [
            String(place),
            clock(at),
            kind,
            by,
            via,
            detailSentence(reason, '*', configuration.currency),
            hash.slice(0, 12),
          ]),
        ),
      );
    },
  );

  action<VerifyOptions>(
    audit
      .command('verify')
      .description('find any change of the trail, and of what it tells of; exit code 6 when there is one')
      .option(
        '--head <hash>',
        `a head that you noted before, or its first ${LEAST_DIGITS} digits and more: it must be in the trail`,
        headText,
      )
      .addHelpText('after', '\nExamples:\n  ./sapphire audit verify\n  ./sapphire audit verify --json'),
    verify,
  );
}
