import { UserError } from '../../contracts/errors.ts';
import { PASS_HEADER, type PassKind } from '../../contracts/pass.ts';
import type { TemporalAccess } from '../../runtime/configuration/temporal.ts';
import { createPasses, digestOf } from '../../runtime/guard/passes.ts';

/** Of Temporal's command line: what bears a pass, under which name, and by which option the name is given. */
const passed: Readonly<Record<string, { kind: PassKind; names: readonly string[] }>> = {
  'workflow start': { kind: 'start', names: ['--type'] },
  'workflow execute': { kind: 'start', names: ['--type'] },
  'workflow signal-with-start': { kind: 'start', names: ['--type'] },
  'workflow update execute': { kind: 'update', names: ['--name'] },
  'workflow update start': { kind: 'update', names: ['--name'] },
};

/** The values of an option in any of the forms that the program takes: `--name x`, `--name=x`, `-n x`. */
function valuesOf(args: readonly string[], ...names: string[]): string[] {
  return args.flatMap((arg, place) => {
    if (names.includes(arg)) return args.slice(place + 1, place + 2);
    const name = names.find((one) => arg.startsWith(`${one}=`));
    return name === undefined ? [] : [arg.slice(name.length + 1)];
  });
}
const valueOf = (args: readonly string[], ...names: string[]): string | undefined => valuesOf(args, ...names)[0];

const named = (text: string): ReadonlySet<string> => new Set(text.split(' ').map((name) => `--${name}`));
/** What `temporal options` names: options of every command, which may stand before its words. */
const globalFlags = named(
  'disable-config-env disable-config-file no-json-shorthand-payloads tls tls-disable-host-verification',
);
const globalOptions = new Set([
  '-n',
  '-o',
  ...named(
    'client-connect-timeout color command-timeout config-file env env-file log-format log-level output profile time-format',
  ),
  ...named('address api-key client-authority codec-auth codec-endpoint codec-header grpc-meta identity namespace'),
  ...named('tls-ca-data tls-ca-path tls-cert-data tls-cert-path tls-key-data tls-key-path tls-server-name'),
]);

/** The words that say which command it is, and what stands behind them: `--namespace x workflow start --type y` has `workflow start`. */
function wordsOf(args: readonly string[]): { words: string[]; rest: readonly string[] } {
  const words: string[] = [];
  let place = 0;
  for (; place < args.length; place += 1) {
    const arg = args[place] ?? '';
    if (!arg.startsWith('-')) words.push(arg);
    else if (globalOptions.has(arg)) place += 1;
    else if (!globalFlags.has(arg) && !globalOptions.has(arg.split('=')[0] ?? '')) break;
  }
  return { words, rest: args.slice(place) };
}

/**
 * The header that makes this call one of this installation's; nothing for what bears none, and without a secret.
 *
 * @throws {UserError} `PassForm` where a call that bears a pass lacks what it is made of, and so would be refused as foreign without a word
 */
export function passFor(args: readonly string[], secret: string | undefined): string[] {
  const { words, rest } = wordsOf(args);
  const count = [3, 2].find((one) => passed[words.slice(0, one).join(' ')] !== undefined);
  const command = words.slice(0, count).join(' ');
  const found = count === undefined ? undefined : passed[command];
  if (!found) {
    refuseHidden(words, rest);
    return [];
  }
  if (secret === undefined || args.includes('--help') || args.includes('-h')) return [];
  const workflowId = valueOf(args, '--workflow-id', '-w');
  const name = valueOf(args, ...found.names);
  if (!workflowId) throw passForm(command, 'the pass is for one workflow id: give it with --workflow-id');
  if (!name) throw passForm(command, `the pass is for one name: give it with ${found.names.join(' or ')}`);
  const taskQueue = valueOf(args, '--task-queue', '-t');
  const pass = createPasses(secret).mint({
    kind: found.kind,
    name,
    workflowId,
    ...(found.kind === 'start' ? { at: Date.now(), ...(taskQueue === undefined ? {} : { taskQueue }) } : {}),
    ...(found.kind === 'update' ? { digest: digestOf(inputOf(command, args)) } : {}),
  });
  return ['--headers', `${PASS_HEADER}=${JSON.stringify(pass)}`];
}

/** Where an option of its own stands before the last of a command's words, nobody can tell what of them is a word and what a value. */
function refuseHidden(words: readonly string[], rest: readonly string[]): void {
  const longestFirst = Object.keys(passed).toSorted((one, other) => other.length - one.length);
  const hidden = longestFirst.find((command) => {
    const wanted = command.split(' ');
    const missing = wanted.slice(words.length);
    return words.every((word, index) => word === wanted[index]) && missing.every((word) => rest.includes(word));
  });
  if (hidden !== undefined) throw passForm(hidden, 'its own options stand behind its words');
}

/** What the pass of an update covers. */
function inputOf(command: string, args: readonly string[]): unknown[] {
  const texts = valuesOf(args, '--input', '-i');
  if (texts.length > 1) throw passForm(command, 'it takes one --input');
  const others = ['--input-file', '--input-base64', '--input-meta', '--input-encoding'];
  const other = others.find((name) => args.some((arg) => arg === name || arg.startsWith(`${name}=`)));
  if (other !== undefined) throw passForm(command, `the pass covers what --input gives, not ${other}`);
  try {
    return texts.map((text): unknown => JSON.parse(text));
  } catch {
    throw passForm(command, '--input is not JSON');
  }
}

function passForm(command: string, reason: string): UserError {
  const name = passed[command]?.names[0];
  return new UserError(
    'PassForm',
    `No pass can be given to "${command}": ${reason}. The form is: ./sapphire temporal ${command} ${name} NAME --workflow-id ID --input '{"a": 1}'`,
  );
}

/** With the server and the namespace, where the caller names none. */
export function withServer(
  args: readonly string[],
  { address, namespace }: Pick<TemporalAccess, 'address' | 'namespace'>,
): string[] {
  return [
    ...args,
    ...(valueOf(args, '--address') === undefined ? ['--address', address] : []),
    ...(valueOf(args, '--namespace', '-n') === undefined ? ['--namespace', namespace] : []),
  ];
}
