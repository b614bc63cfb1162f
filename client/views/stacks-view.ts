import { isSamePlace, type Stack, type StackPlace } from '../../stores/journal/books/stacks.ts';
import type { Journal } from '../../stores/journal/port.ts';

/** One stack that runs the books, or was not heard of any more. */
export interface StackView {
  stackId: string;
  kind: Stack['kind'];
  host: string;
  folder: string;
  /** Of the data folder that was asked. */
  here: boolean;
  living: boolean;
  startedAt: number;
  heardAt: number;
  /** Missing while it starts. */
  build?: string;
  /** That it has taken for itself, e.g. `freqtrade`. */
  engines: string[];
}

export async function viewStacks(
  { stacks }: Pick<Journal, 'stacks'>,
  ownPlace: StackPlace | undefined,
): Promise<StackView[]> {
  const [found, parts] = await Promise.all([stacks.list(), stacks.parts()]);
  return found.map((stack) => {
    const { stackId, kind, host, folder, startedAt, heardAt, leftMs, terms, fence } = stack;
    return {
      stackId,
      kind,
      host,
      folder,
      here: ownPlace !== undefined && isSamePlace(stack, ownPlace),
      living: leftMs > 0,
      startedAt,
      heardAt,
      ...(terms ? { build: terms.build } : {}),
      engines: parts.filter((part) => part.fence === fence).map(({ part }) => part.replace(/^engines\//, '')),
    };
  });
}

/** Whether others work while nobody does what the first does: housekeeping, and on paper the exchange. */
export function lacksFirst(stacks: readonly Pick<StackView, 'kind' | 'living'>[]): boolean {
  const living = stacks.filter(({ living }) => living);
  return living.length > 0 && !living.some(({ kind }) => kind === 'first');
}

const utc = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ');

/** Nothing of a stack that is alone, whose processes are told of anyway. */
export function stackLines(stacks: readonly StackView[]): string[] {
  if (stacks.length < 2 && !lacksFirst(stacks)) return [];
  const first = stacks.find(({ kind, living }) => kind === 'first' && living);
  return [
    ...(lacksFirst(stacks)
      ? [
          'NO FIRST STACK: nobody does housekeeping (export, reports, backups, retention, the look at every component); "npm start" on its machine, or on another, takes it up again',
        ]
      : []),
    ...stacks.map(({ kind, host, folder, here, living, startedAt, heardAt, build, engines }) =>
      [
        `stack ${kind} at ${host}, ${folder}${here ? ' (here)' : ''}, since ${utc(startedAt)} UTC`,
        living ? `heard ${utc(heardAt).slice(11)}` : `NOT HEARD OF since ${utc(heardAt)} UTC`,
        build === undefined ? 'starting' : `build ${build}`,
        ...(first?.build !== undefined && build !== undefined && build !== first.build
          ? ['NOT OF THE FIRST’S BUILD: it gets nothing new to do until it is started anew']
          : []),
        ...engines,
      ].join(' · '),
    ),
  ];
}
