import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../runtime/configuration/folders.ts';

const folder = join(projectFolder, 'deploy', 'runbooks');

/** Stands for what a person reads off a screen before the command is typed. */
const placeholders: Readonly<Record<string, string>> = {
  AMOUNT: '100',
  ASSET: 'USDT',
  CYCLE: 'cycle/main-2026-01-05T10:00:00Z',
  FOLDER: 'backup-1',
  ID: 'id-1',
  N: '1',
  NAME: 'deepseek',
  PID: '4711',
  PROCESS: 'workers/agents',
  QUEUE: 'cycles',
  SYMBOL: 'BTC/USDT',
  VERSION: 'sapphire.1',
};

export interface RunbookCommand {
  /** The runbook's alert. */
  name: string;
  /** As it stands in the page. */
  text: string;
  /** As a shell takes it apart, with the placeholders filled in. */
  words: string[];
}

/** Each runbook's text by its alert. */
export function runbooks(): Map<string, string> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.md'));
  return new Map(files.map((file) => [file.slice(0, -3), readFileSync(join(folder, file), 'utf8')]));
}

/** Every span of code that has more than one word and is no setting. */
export function runbookCommands(): RunbookCommand[] {
  return [...runbooks()].flatMap(([name, text]) =>
    [...text.matchAll(/`([^`]+)`/g)]
      .map(([, span = '']) => span.replaceAll(/\s+/g, ' '))
      .filter((span) => /^[^:]+ /.test(span))
      .map((span) => ({ name, text: span, words: wordsOf(span) })),
  );
}

function wordsOf(text: string): string[] {
  const words = [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare = '']) => quoted ?? bare);
  return words.map((word) => placeholders[word] ?? word.replace('VERSION', placeholders['VERSION'] ?? ''));
}
