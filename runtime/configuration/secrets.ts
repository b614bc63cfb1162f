import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { payloadKeysIn, payloadKeysText } from '../../contracts/config/payload-keys.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { isWebAddress } from '../../contracts/config/web-address.ts';
import { UserError } from '../../contracts/errors.ts';
import { type SeatSecretName, seatSecrets } from '../../domain/signals/seats.ts';
import { setting, withoutLineEnds } from './environment.ts';
import { dataFolder } from './folders.ts';
import { validated } from './load.ts';
import { exclusively, writePrivateFile } from './private-file.ts';

/** Goes into headers and signatures: a blank or an end of a line in it breaks every request. */
const word = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks and ends of lines: look for what was copied along');
/** Whatever its owner chose. */
const password = z.string().min(1);

const addresses = z
  .string()
  .refine((text) => addressesIn(text).every(isWebAddress), 'must be http or https addresses, with blanks between them');
const forms = { word, password, addresses };

const journalUrlForm = word.regex(
  /^postgres(ql)?:\/\//,
  'must be the address of a PostgreSQL database, e.g. postgres://user:password@host:5432/sapphire',
);

/** What agents are given, as their seats' rows have it. */
const ofSeats = Object.fromEntries(
  Object.entries(seatSecrets).map(([name, { form }]) => [name, forms[form].optional()]),
) as Record<SeatSecretName, z.ZodOptional<z.ZodString>>;
const seatVariables = Object.fromEntries(
  Object.entries(seatSecrets).map(([name, { variable }]) => [name, variable]),
) as Record<SeatSecretName, string>;

const secretsSchema = z.strictObject({
  /** Bearer token of the MCP coordinator's operators and of the cycle's client. */
  coordinatorToken: word.min(16),
  /** Admin token of the paper exchange. */
  paperAdminToken: word.min(16),
  /** Password of the Freqtrade that runs beside the stack. */
  freqtradeEngineToken: word.min(16),
  /** Of the HTTP API: whoever has it is this machine's owner. */
  apiToken: word.min(16),
  /** Of Temporal's Web UI in live mode. */
  webUiToken: word.min(16),
  /** By which this installation's own clients are known to its workers. One that was made here begins with the time of its making. */
  guardSecret: word.min(32),
  /** Encrypt what is written for Temporal: see payload-keys.ts. All processes and commands need the same. */
  payloadKeys: payloadKeysText.optional(),
  /** Of the paper account, made by the paper exchange. They stand apart, so that no mode ever takes the other's keys. */
  paperApiKey: word.optional(),
  paperSecret: word.optional(),
  /** Of the real account: live mode alone uses them. */
  exchangeApiKey: word.optional(),
  exchangeSecret: word.optional(),
  /** Where the journal is kept in PostgreSQL; it may hold a password. */
  journalUrl: journalUrlForm.optional(),
  ...ofSeats,
});
export type Secrets = z.output<typeof secretsSchema>;
export type SecretName = keyof Secrets;

const partialSecretsSchema = secretsSchema.partial();
export type KnownSecrets = z.output<typeof partialSecretsSchema>;

/** As the data folder's file has them. */
const storedSchema = partialSecretsSchema.extend({
  /** Of the file that holds the journal's address: whoever keeps a secret in a file of its own wants no copy of it here. */
  journalUrlFile: z.string().min(1).optional(),
});
type StoredSecrets = z.output<typeof storedSchema>;

/** The environment's name of each secret; NAME_FILE names a file that holds it. Which process gets which: see process-environment.ts. */
export const secretVariables: Readonly<Record<SecretName, string>> = {
  coordinatorToken: 'SAPPHIRE_COORDINATOR_TOKEN',
  paperAdminToken: 'SAPPHIRE_PAPER_ADMIN_TOKEN',
  freqtradeEngineToken: 'SAPPHIRE_FREQTRADE_ENGINE_TOKEN',
  apiToken: 'SAPPHIRE_API_TOKEN',
  webUiToken: 'SAPPHIRE_WEB_UI_TOKEN',
  guardSecret: 'SAPPHIRE_GUARD_SECRET',
  payloadKeys: 'SAPPHIRE_PAYLOAD_KEYS',
  paperApiKey: 'SAPPHIRE_PAPER_API_KEY',
  paperSecret: 'SAPPHIRE_PAPER_SECRET',
  exchangeApiKey: 'SAPPHIRE_EXCHANGE_API_KEY',
  exchangeSecret: 'SAPPHIRE_EXCHANGE_SECRET',
  journalUrl: 'SAPPHIRE_JOURNAL_URL',
  ...seatVariables,
};

/** What `newsFeeds` holds. */
export function addressesIn(text: string): string[] {
  return text.split(/\s+/).filter((address) => address !== '');
}

/** Tokens between processes of our own, and between them and their user. */
const madeHere = [
  'coordinatorToken',
  'paperAdminToken',
  'freqtradeEngineToken',
  'apiToken',
  'webUiToken',
  'guardSecret',
] as const;

function secretsFile(): string {
  return join(dataFolder(), 'secrets.json');
}

function storedSecrets(): StoredSecrets {
  const file = secretsFile();
  if (!existsSync(file)) return {};
  return validated(storedSchema, parsed(readFileSync(file, 'utf8'), file), file, false);
}

/** Undefined also where the file that holds it is gone: the books' own record says then that they are in PostgreSQL. */
export function storedJournalUrl(): string | undefined {
  const { journalUrl, journalUrlFile } = storedSecrets();
  if (journalUrlFile === undefined) return journalUrl;
  try {
    return journalUrlForm.safeParse(withoutLineEnds(readFileSync(journalUrlFile, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Keeps the address that this process was given, so that no command has to be given it anew; a file is kept by its name. */
export function keepJournalUrl(): void {
  const given = givenSecret(secretVariables.journalUrl);
  if (!given) return;
  const file = setting(`${secretVariables.journalUrl}_FILE`);
  const wanted =
    file === undefined
      ? { journalUrl: given.text, journalUrlFile: undefined }
      : { journalUrl: undefined, journalUrlFile: resolve(file) };
  const { journalUrl, journalUrlFile } = storedSecrets();
  if (wanted.journalUrl !== journalUrl || wanted.journalUrlFile !== journalUrlFile) keepSecrets(() => wanted);
}

/** A parser's own words would show a part of the text. */
function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(
      'SecretUnreadable',
      `${file} is no JSON any more: restore it from a backup, or remove it, and new tokens are made; keys that were kept in it are gone then.`,
    );
  }
}

/** Each is held against its own rule, so that a refusal names the variable and shows nothing of its value. */
function environmentSecrets(): KnownSecrets {
  const found: Record<string, unknown> = {};
  for (const [key, name] of Object.entries(secretVariables) as [SecretName, string][]) {
    const given = givenSecret(name);
    if (given === undefined) continue;
    const { success, data, error } = secretsSchema.shape[key].safeParse(given.text);
    if (!success) throw invalid(given.source, error.issues.map(({ message }) => message).join('; '));
    found[key] = data;
  }
  return found;
}

/** Whether it comes from whoever started this process, and not from its own data folder. */
export function isGivenSecret(name: SecretName): boolean {
  const variable = secretVariables[name];
  return process.env[`${variable}_FILE`] !== undefined || (process.env[variable] ?? '') !== '';
}

/** A secret without the ends of lines that files and command substitutions leave. A variable that is empty says that there is none. */
function givenSecret(name: string): { text: string; source: string } | undefined {
  const file = setting(`${name}_FILE`);
  const given = file === undefined ? process.env[name] : readSecret(file, `${name}_FILE`);
  if (given === undefined || (file === undefined && given === '')) return undefined;
  const source = file === undefined ? name : `${file}, which ${name}_FILE names,`;
  const text = withoutLineEnds(given);
  if (text.trim() === '') throw invalid(source, 'it is empty');
  return { text, source };
}

function readSecret(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw new UserError(
      'SecretUnreadable',
      `${file}, which ${variable} names, cannot be read (${code}): name a file that this user may read.`,
    );
  }
}

function invalid(source: string, fault: string): UserError {
  return new UserError('ConfigurationInvalid', `${source} is not valid: ${fault}.`);
}

/** Those that are there; none is made. */
export function knownSecrets(): KnownSecrets {
  return validated(partialSecretsSchema, allSecrets(), 'the secrets of the environment', false);
}

/** The same for a stop, which one that is wrong keeps from none of the others: of each the environment's, then the data folder's, where it is in order. */
export function usableSecrets(): KnownSecrets {
  const stored = ifInOrder(storedSecrets) ?? {};
  const found: Record<string, unknown> = {};
  for (const [key, name] of Object.entries(secretVariables) as [SecretName, string][]) {
    const given = ifInOrder(() => givenSecret(name)?.text);
    const known = key === 'journalUrl' ? ifInOrder(storedJournalUrl) : stored[key];
    found[key] = [given, known].find((text) => text !== undefined && secretsSchema.shape[key].safeParse(text).success);
  }
  return validated(partialSecretsSchema, found, 'the secrets of the environment', false);
}

/** Undefined where it is not: whoever asks goes on without it. */
export function ifInOrder<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Environment first, then the data folder's private file, in which missing tokens of our own are made. */
export function loadSecrets(): Secrets {
  if (missingHere().length > 0)
    keepSecrets(() => Object.fromEntries(missingHere().map((name) => [name, newSecret(name)])));
  return validated(secretsSchema, allSecrets(), 'the secrets of the environment', false);
}

function allSecrets(): KnownSecrets {
  const { journalUrlFile: _file, ...stored } = storedSecrets();
  const journalUrl = storedJournalUrl();
  return { ...stored, ...(journalUrl === undefined ? {} : { journalUrl }), ...environmentSecrets() };
}

function missingHere(): (typeof madeHere)[number][] {
  const stored = storedSecrets();
  return madeHere.filter((name) => stored[name] === undefined);
}

function newSecret(name: (typeof madeHere)[number]): string {
  const random = randomBytes(24).toString('hex');
  return name === 'guardSecret' ? `${Date.now()}-${random}` : random;
}

export function storeSecrets(changes: KnownSecrets): void {
  keepSecrets(() => changes);
}

function keepSecrets(changes: () => StoredSecrets): void {
  const file = secretsFile();
  exclusively(file, () => writePrivateFile(file, JSON.stringify({ ...storedSecrets(), ...changes() }, null, 2)));
}

export interface ExchangeKeys {
  apiKey: string;
  secret: string;
}

/** The keys of the mode's own exchange. */
export function exchangeKeys({ mode }: Pick<Configuration, 'mode'>, secrets: KnownSecrets): ExchangeKeys {
  const live = mode === 'live';
  const [apiKey, secret] = live
    ? [secrets.exchangeApiKey, secrets.exchangeSecret]
    : [secrets.paperApiKey, secrets.paperSecret];
  if (apiKey && secret) return { apiKey, secret };
  throw new UserError(
    'ExchangeKeysMissing',
    live
      ? 'Live mode needs keys for the exchange: set SAPPHIRE_EXCHANGE_API_KEY and SAPPHIRE_EXCHANGE_SECRET, or name files that hold them in SAPPHIRE_EXCHANGE_API_KEY_FILE and SAPPHIRE_EXCHANGE_SECRET_FILE.'
      : 'There are no keys for the paper exchange: start Sapphire once with "npm start", which makes them, or set SAPPHIRE_PAPER_API_KEY and SAPPHIRE_PAPER_SECRET.',
  );
}

/** The values that no log line may carry. */
export function secretValues(secrets: Secrets): string[] {
  const keys = secrets.payloadKeys === undefined ? [] : payloadKeysIn(secrets.payloadKeys);
  return [...Object.values(secrets), ...keys.map(({ key }) => key.toString('base64'))].filter(
    (value) => value !== undefined,
  );
}
