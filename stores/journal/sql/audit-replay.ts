import { z } from 'zod';
import type { AuditEntry } from '../books/audit.ts';
import { readControl } from './control.ts';
import type { Sql } from './database.ts';
import { readParticipation } from './participation.ts';
import { inForce, jsonOf, type SettingsKind } from './settings.ts';
import { policySettings, riskSettings } from './settings-kinds.ts';

/** What the books hold of a subject, e.g. of `trading of main`: a value for each name. */
type Facts = Readonly<Record<string, unknown>>;

/** What an entry says of one subject. A name that it leaves out, as entries of an earlier release do, it says nothing of. */
interface Told {
  subject: string;
  /** As it was found; undefined where the entry does not say, null where there was nothing. */
  before?: Facts | null | undefined;
  after: Facts;
}

const facts = z.record(z.string(), z.unknown());
const ofControl = z.object({ account: z.string(), before: facts, after: facts });
const ofLive = z.object({ account: z.string(), before: z.boolean(), after: z.boolean() });
const ofSettings = z.object({ account: z.string(), version: z.number(), before: facts.optional(), after: facts });
const ofParticipation = z.object({ agentId: z.string(), before: facts.optional(), after: facts });
const ofSeed = z.object({ agents: z.record(z.string(), facts) });

const trading = (account: string): string => `trading of ${account}`;
const participation = (agentId: string): string => `the participation of ${agentId}`;
const settingsOf = { risk: 'the risk limits of', policy: 'the policy of' } as const;

const reader =
  <Payload>(schema: z.ZodType<Payload>, told: (payload: Payload) => Told[]) =>
  (payload: unknown): Told[] => {
    const { data } = schema.safeParse(payload);
    return data === undefined ? [] : told(data);
  };

const controlChanged = reader(ofControl, ({ account, before, after }) => [
  { subject: trading(account), before, after },
]);
const liveChanged = reader(ofLive, ({ account, before, after }) => [
  { subject: trading(account), before: { liveEnabled: before }, after: { liveEnabled: after } },
]);
const settingsChanged = (kind: keyof typeof settingsOf) =>
  reader(ofSettings, ({ account, version, before = null, after }) => [
    { subject: `${settingsOf[kind]} ${account}`, before, after: { ...after, version } },
  ]);

const readers: Readonly<Record<string, (payload: unknown) => Told[]>> = {
  'trading.halted': controlChanged,
  'trading.reducing': controlChanged,
  'trading.activated': controlChanged,
  'trading.resumed': controlChanged,
  'data.restored': controlChanged,
  'live.enabled': liveChanged,
  'live.disabled': liveChanged,
  'risk.changed': settingsChanged('risk'),
  'policy.changed': settingsChanged('policy'),
  'participation.changed': reader(ofParticipation, ({ agentId, before = null, after }) => [
    { subject: participation(agentId), before, after },
  ]),
  'participation.seeded': reader(ofSeed, ({ agents }) =>
    Object.entries(agents).map(([agentId, found]) => ({
      subject: participation(agentId),
      before: found,
      after: found,
    })),
  ),
};

/** Before its first change. */
const neverChanged: Facts = { tradingState: 'active', epoch: 0, liveEnabled: false };

const words = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'));

/** Names on which the two differ, of those that both have. */
function differing(one: Facts, other: Facts): string[] {
  return Object.keys(one).filter((name) => name in other && words(one[name]) !== words(other[name]));
}

/**
 * The trail's entries say what control, limits, policy and participation came to be. Whoever writes these tables past the journal leaves no entry: each
 * entry that found something else than the one before it had left is told of, and so is what the tables hold in the end.
 */
export class TrailReplay {
  readonly #complete: boolean;
  #seeded = false;
  readonly #known = new Map<string, { place: number; facts: Facts }>();

  /** @param complete the trail is as old as the books. What an older table holds, and no entry tells of, is taken as it is. */
  constructor(complete: boolean) {
    this.#complete = complete;
  }

  /** @returns what the entry found that no entry before it had left */
  take({ place, kind, payload }: Pick<AuditEntry, 'place' | 'kind' | 'payload'>): string[] {
    const told = readers[kind]?.(jsonOf(payload)) ?? [];
    if (kind === 'participation.seeded') this.#seeded = true;
    return told.flatMap(({ subject, before, after }) => {
      const known = this.#known.get(subject) ?? this.#untold(subject);
      this.#known.set(subject, { place, facts: { ...known?.facts, ...after } });
      if (!known || before === undefined) return [];
      if (before === null)
        return [`entry ${place} (${kind}) found nothing of ${subject}, which entry ${known.place} had left`];
      return differing(before, known.facts).map(
        (name) =>
          `entry ${place} (${kind}) found ${name} of ${subject} at ${words(before[name])}, and ${left(known.place)} ${words(known.facts[name])}`,
      );
    });
  }

  /** @returns where the tables differ from what the entries come to */
  compare(held: ReadonlyMap<string, Facts>): string[] {
    const gone = [...this.#known].filter(([subject]) => !held.has(subject));
    return [
      ...gone.map(
        ([subject, { place }]) => `${subject} cannot be read in the books, and entry ${place} had left it there`,
      ),
      ...[...held].flatMap(([subject, found]) => {
        const known = this.#known.get(subject) ?? this.#untold(subject);
        if (!known) return this.#isWhole(subject) ? [`${subject} stands in the books, and no entry tells of it`] : [];
        return differing(found, known.facts).map(
          (name) =>
            `${name} of ${subject} is ${words(found[name])}, and ${left(known.place)} ${words(known.facts[name])}`,
        );
      }),
    ];
  }

  #untold(subject: string): { place: number; facts: Facts } | undefined {
    return this.#complete && subject.startsWith(trading('')) ? { place: 0, facts: neverChanged } : undefined;
  }

  /** The seats have entries since the first `participation.seeded`, which tells of all that there were. */
  #isWhole(subject: string): boolean {
    return subject.startsWith(participation('')) ? this.#seeded : this.#complete;
  }
}

const left = (place: number): string =>
  place === 0 ? 'no entry had changed it from' : `entry ${place} had left it at`;

/** A trail that came into older books by an upgrade has nothing of their first time. */
export async function isAsOldAsTheBooks(sql: Sql): Promise<boolean> {
  const rows = await sql.rows('SELECT applied_at FROM migrations WHERE version IN (1, 5) ORDER BY version');
  const [books, trail] = rows.map((row) => Number(row['applied_at']));
  return books !== undefined && trail !== undefined && trail - books < ONE_START_MS;
}

/** All migrations of new books are applied at their first start. */
const ONE_START_MS = 60_000;

/** What the tables hold, by subject; what in them cannot be read is missing. */
export async function heldFacts(sql: Sql): Promise<ReadonlyMap<string, Facts>> {
  const held = new Map<string, Facts>();
  for (const row of await sql.rows('SELECT account FROM control')) {
    const account = String(row['account']);
    held.set(trading(account), { ...(await readControl(sql, account)) });
  }
  const addSettings = async (name: keyof typeof settingsOf, kind: SettingsKind<object>): Promise<void> => {
    for (const { account, version, settings } of await inForce(sql, kind)) {
      if (settings) held.set(`${settingsOf[name]} ${account}`, { ...settings, version });
    }
  };
  await addSettings('risk', riskSettings);
  await addSettings('policy', policySettings);
  for (const row of await sql.rows('SELECT * FROM agents')) {
    const found = readParticipation(row);
    if (found) held.set(participation(String(row['agent_id'])), { ...found });
  }
  return held;
}
