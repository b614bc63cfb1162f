import type { TemporalAccess } from '../contracts/config/temporal.ts';
import { PASS_HEADER, type PassKind } from '../contracts/pass.ts';
import { createPasses, digestOf } from '../runtime/guard/passes.ts';

/** Of Temporal's command line: what bears a pass, under which name, and by which option the name is given. */
const passed: Readonly<Record<string, { kind: PassKind; names: readonly string[] }>> = {
  'workflow start': { kind: 'start', names: ['--type'] },
  'workflow execute': { kind: 'start', names: ['--type'] },
  'workflow signal': { kind: 'signal', names: ['--name'] },
  'workflow signal-with-start': { kind: 'start', names: ['--type'] },
  'workflow update execute': { kind: 'update', names: ['--name'] },
  'workflow update start': { kind: 'update', names: ['--name'] },
};

/** The value of an option in any of the forms that the program takes: `--name x`, `--name=x`, `-n x`. */
function valueOf(args: readonly string[], ...names: string[]): string | undefined {
  for (const [place, arg] of args.entries()) {
    if (names.includes(arg)) return args[place + 1];
    const name = names.find((one) => arg.startsWith(`${one}=`));
    if (name !== undefined) return arg.slice(name.length + 1);
  }
  return undefined;
}

/** The header that makes this call one of this installation's; nothing for what bears none, or lacks a name or an id. */
export function passFor(args: readonly string[], secret: string | undefined): string[] {
  const words = args.filter((arg) => !arg.startsWith('-'));
  const found = [3, 2].map((count) => passed[words.slice(0, count).join(' ')]).find((one) => one !== undefined);
  const workflowId = valueOf(args, '--workflow-id', '-w');
  const name = found && valueOf(args, ...found.names);
  if (!found || workflowId === undefined || name === undefined || secret === undefined) return [];
  const input = valueOf(args, '--input', '-i');
  const values: unknown[] = input === undefined ? [] : [JSON.parse(input)];
  const taskQueue = valueOf(args, '--task-queue', '-t');
  const pass = createPasses(secret).mint({
    kind: found.kind,
    name,
    workflowId,
    ...(found.kind === 'start' ? { at: Date.now(), ...(taskQueue === undefined ? {} : { taskQueue }) } : {}),
    ...(found.kind === 'update' ? { digest: digestOf(values) } : {}),
  });
  return ['--headers', `${PASS_HEADER}=${JSON.stringify(pass)}`];
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
