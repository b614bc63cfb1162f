import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import type { AgentSettings, ParticipationChange } from '../../contracts/participation.ts';
import type { MarketSnapshot, Mode } from '../../domain/market/market.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { RuleFault } from '../../trading/agents/rules/fault.ts';
import { forgetRule, keepRule, type ReadRule, readRule } from '../../trading/agents/rules/kept-rules.ts';
import { openRule } from '../../trading/agents/rules/open-rule.ts';
import { answerOf, versionOf } from '../../trading/agents/rules/rule-agent.ts';
import type { Declared } from '../../trading/agents/rules/said.ts';
import type { CoordinatorClient } from '../../trading/decide/coordinator-client.ts';

/** With a person waiting for it. */
const TRIAL_LIMITS = { withinMs: 20_000, cpuSeconds: 5 };

export interface AddRequest {
  path: string;
  /** Instead of the one that the file says. */
  name?: string | undefined;
  settings: AgentSettings;
  by: string;
  reason: string;
}

export interface AddTools {
  mode: Mode;
  /** Where the copies lie that run. */
  folder: string;
  horizonMs: number;
  market(): Promise<Pick<MarketBuffer, 'newest'>>;
  coordinator(): Promise<Pick<CoordinatorClient, 'addFile'>>;
}

export interface Added {
  agentId: string;
  version: string;
  declared: Declared;
  /** What it says to the market of the newest cycle; missing where no cycle has looked yet. */
  trial?: AgentAnswer;
  change: ParticipationChange;
}

/**
 * Tries a rule's file, keeps a copy of it beside the books, and has it asked from the next cycle on.
 *
 * @throws UserError InvalidInput, with what is wrong with the file; Refused for a vote in live mode that nothing has earned; NameTaken
 */
export async function addRule(tools: AddTools, { path, name, settings, by, reason }: AddRequest): Promise<Added> {
  if (tools.mode === 'live' && settings.role === 'voter') {
    throw new UserError(
      ErrorName.refused,
      'With real money a new rule has no vote: add it as a shadow, and give it one when its scores have earned that ("./sapphire agents scores", then "./sapphire agents set NAME --role voter --reason TEXT").',
    );
  }
  const read = readRule(path);
  const { declared, trial } = await tried(tools, path, read);
  const agentId = name ?? declared.name;
  // The copy first: a worker that is asked meanwhile finds what the books name, before and after.
  keepRule(tools.folder, agentId, read);
  const { sha256 } = read;
  const coordinator = await tools.coordinator();
  const change = await coordinator.addFile({ requestId: randomUUID(), agentId, sha256, ...settings, by, reason });
  forgetRule(tools.folder, agentId, sha256);
  return { agentId, version: versionOf(sha256), declared, ...(trial ? { trial } : {}), change };
}

async function tried(
  { horizonMs, market }: AddTools,
  path: string,
  { content, sha256, extension }: ReadRule,
): Promise<Pick<Added, 'declared' | 'trial'>> {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-rule-'));
  const copy = join(folder, `rule.${extension}`);
  writeFileSync(copy, content, { mode: 0o600 });
  try {
    const rule = await openRule(copy, TRIAL_LIMITS);
    try {
      const { declared } = rule;
      const json = await (await market()).newest();
      if (json === undefined) return { declared };
      const snapshot = { snapshotId: 'trial', ...(JSON.parse(json) as Omit<MarketSnapshot, 'snapshotId'>) };
      const trial = await answerOf(rule, { agentId: declared.name, sha256 }, { snapshot, horizonMs });
      const wrong = trial.opinions.find(
        (opinion) => opinion.kind === 'abstention' && opinion.reason === 'invalid_answer',
      );
      if (wrong?.kind === 'abstention') throw new RuleFault('invalid_answer', `On ${wrong.symbol}: ${wrong.detail}`);
      return { declared, trial };
    } finally {
      rule.close();
    }
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error;
    throw new UserError(ErrorName.invalidInput, `${path} was not added. ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const RULES = join(projectFolder, 'trading/agents/rules');
/** As a user's file names it: the copy that lies beside it. */
const TYPES = './sapphire.ts';

/** A whole rule, to begin with. */
export function exampleRule(): string {
  return readFileSync(join(RULES, 'example.ts'), 'utf8').replace('../../../contracts/rule-agent.ts', TYPES);
}

/**
 * Writes the example, and its types beside it.
 *
 * @throws UserError Refused where there is such a file already
 */
export function writeExample(path: string): string[] {
  if (existsSync(path)) throw new UserError(ErrorName.refused, `${path} exists already: name another file.`);
  const types = join(dirname(path), basename(TYPES));
  try {
    writeFileSync(path, exampleRule());
    copyFileSync(join(projectFolder, 'contracts/rule-agent.ts'), types);
  } catch (error) {
    throw new UserError(
      ErrorName.invalidInput,
      `${path} cannot be written (${(error as NodeJS.ErrnoException).code}): name a file in a folder that you may write.`,
    );
  }
  return [path, types];
}
