import { z } from 'zod';
import { inWordsOf } from '../../contracts/config/sentences.ts';
import { type ErrorCode, UserError } from '../../contracts/errors.ts';
import { unknownName } from '../../contracts/near-names.ts';

/** A kind of settings that the command line changes key by key. */
export interface SettingsText<Settings extends object> {
  keys: readonly (keyof Settings & string)[];
  /** `KEY=VALUE` texts as the change that they ask for, each value by its own part of the schema. */
  parse(texts: readonly string[]): Partial<Settings>;
  /** Nothing where there are no faults. */
  refuse(faults: readonly string[]): void;
  /** What a change made different, key by key. */
  changed(change: { before?: Settings | undefined; after: Settings }): {
    key: keyof Settings & string;
    before: string;
    after: string;
  }[];
}

interface Words {
  /** One of them, e.g. `limit`. */
  one: string;
  example: string;
  /** Of the refusal. */
  code: ErrorCode;
}

/** @param schema an object's; the schema as a whole would put the default in the place of every setting that is not named */
export function settingsText<Settings extends object>(
  schema: z.ZodType<Settings> & { shape: Record<string, z.ZodType> },
  { one, example, code }: Words,
): SettingsText<Settings> {
  type Key = keyof Settings & string;
  const keys = Object.keys(schema.shape) as Key[];
  const isKey = (key: string): key is Key => (keys as string[]).includes(key);
  const refuse = (faults: readonly string[]): void => {
    if (faults.length > 0) {
      throw new UserError(code, `No ${one} was changed: ${faults.join('; ')}.`);
    }
  };
  return {
    keys,
    parse(texts) {
      const faults: string[] = [];
      const change: Partial<Record<Key, unknown>> = {};
      for (const text of texts) {
        const [, key = '', value = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
        if (!isKey(key)) {
          faults.push(key ? unknownName(one, key, keys) : `"${text}" is not of the form KEY=VALUE, e.g. ${example}`);
        } else if (key in change) {
          faults.push(`${key} is given twice`);
        } else {
          const result = readValue(key, schema.shape[key] ?? z.never(), value);
          if (result.success) change[key] = result.data;
          else faults.push(`${key}: ${result.error.issues[0]?.message ?? 'is not valid'} (it is "${value}")`);
        }
      }
      refuse(faults);
      return change as Partial<Settings>;
    },
    refuse,
    changed: ({ before, after }) =>
      keys
        .filter((key) => String(before?.[key]) !== String(after[key]))
        .map((key) => ({ key, before: String(before?.[key] ?? 'none'), after: String(after[key]) })),
  };
}

/** The text as it is where the schema takes it, else as the number, the switch or the list (comma by comma) that it stands for. */
function readValue(key: string, schema: z.ZodType, value: string): z.ZodSafeParseResult<unknown> {
  const read = (one: unknown): z.ZodSafeParseResult<unknown> => schema.safeParse(one, { error: inWordsOf(key) });
  const asText = read(value);
  const issue = asText.error?.issues[0];
  if (issue?.code !== 'invalid_type') return asText;
  if (issue.expected === 'boolean' && ['true', 'false'].includes(value)) return read(value === 'true');
  if (issue.expected === 'array') return read(value === '' ? [] : value.split(','));
  return value.trim() === '' || Number.isNaN(Number(value)) ? asText : read(Number(value));
}
