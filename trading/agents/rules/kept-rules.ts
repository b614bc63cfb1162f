import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { ErrorName, UserError } from '../../../contracts/errors.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import { abstain } from '../../../domain/signals/signals.ts';
import { makeFolder } from '../../../runtime/configuration/make-folder.ts';
import type { AddedFile } from '../../../stores/journal/books/guests.ts';
import type { Journal } from '../../../stores/journal/port.ts';
import { type Agent, freeAnswer, symbolsOf } from '../port.ts';
import { createRuleAgent, versionOf } from './rule-agent.ts';

/** As Node takes them for modules, whatever package.json lies above. */
const MODULE_OF: Readonly<Record<string, string>> = { '.ts': 'mts', '.mts': 'mts', '.js': 'mjs', '.mjs': 'mjs' };
const MOST_BYTES = 262_144;

const hashOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

export interface ReadRule {
  content: Buffer;
  sha256: string;
  /** Of the copy. */
  extension: string;
}

/** @throws UserError InvalidInput */
export function readRule(path: string): ReadRule {
  const extension = MODULE_OF[extname(path)];
  if (extension === undefined) throw refused(`${path} is no rule: its name ends in .ts, .mts, .js or .mjs.`);
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw refused(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  if (content.byteLength > MOST_BYTES) {
    throw refused(`${path} has ${content.byteLength} bytes; a rule is one file of ${MOST_BYTES} at most.`);
  }
  return { content, sha256: hashOf(content), extension };
}

function refused(message: string): UserError {
  return new UserError(ErrorName.invalidInput, message);
}

const nameOf = ({ agentId, sha256 }: Pick<AddedFile, 'agentId' | 'sha256'>) => `${agentId}.${versionOf(sha256)}.`;

/** Puts the copy that runs into its place: what is edited afterwards counts when it is added again. Returns its path. */
export function keepRule(folder: string, agentId: AgentId, { content, sha256, extension }: ReadRule): string {
  makeFolder(folder, 0o700);
  const path = join(folder, `${nameOf({ agentId, sha256 })}${extension}`);
  // A worker may read it at any time.
  const half = `${path}.new`;
  writeFileSync(half, content, { mode: 0o400 });
  chmodSync(half, 0o400);
  renameSync(half, path);
  return path;
}

/** Deletes the copies of a rule, but for one version. */
export function forgetRule(folder: string, agentId: AgentId, except?: string): void {
  for (const name of namesIn(folder)) {
    const isKept = except !== undefined && name.startsWith(nameOf({ agentId, sha256: except }));
    if (name.startsWith(`${agentId}.`) && !isKept) rmSync(join(folder, name), { force: true });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * The agent of a rule that was added, as the books have it now: one that is added, or added again, while the worker runs is asked from the next cycle
 * on. Undefined of a name that is no rule's.
 */
export function createRules(
  { guests }: { guests: Pick<Journal['guests'], 'files'> },
  folder: string,
): (agentId: AgentId) => Promise<Agent | undefined> {
  return async (agentId) => {
    const added = (await guests.files()).find((file) => file.agentId === agentId);
    return added && ruleIn(folder, added);
  };
}

/** What does not lie here, or is not what was added, is not run. */
function ruleIn(folder: string, { agentId, sha256 }: AddedFile): Agent {
  const name = namesIn(folder).find((each) => each.startsWith(nameOf({ agentId, sha256 })) && !each.endsWith('.new'));
  if (name === undefined) return missing(agentId, sha256, `the file of ${agentId} does not lie in ${folder}`);
  const file = join(folder, name);
  try {
    if (hashOf(readFileSync(file)) === sha256) return createRuleAgent({ agentId, file, sha256 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return missing(agentId, sha256, `${file} cannot be read (${code})`);
  }
  return missing(agentId, sha256, `${file} is not what was added`);
}

function missing(agentId: AgentId, sha256: string, what: string): Agent {
  const detail = `${what}: "./sapphire agents add FILE --name ${agentId}" adds it again.`;
  return {
    id: agentId,
    answer: async (request) =>
      freeAnswer(
        { agentId, model: agentId, version: versionOf(sha256) },
        abstain(agentId, symbolsOf(request), 'not_configured', detail),
      ),
  };
}
