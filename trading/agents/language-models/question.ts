import { randomUUID } from 'node:crypto';
import {
  type Dialect,
  dialectOf,
  type PromptVersion,
  type TokenSettings,
  tokenLimits,
} from '../../../contracts/config/language-models.ts';
import type { OwnPrices } from '../../../contracts/config/model-prices.ts';
import type { AgentRequest } from '../../../contracts/signals.ts';
import type { DecimalText } from '../../../domain/money/money.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import type { Message, Question } from './completion.ts';
import { requestFields } from './dialects.ts';
import type { Heard } from './facts.ts';
import type { SymbolFeatures } from './features.ts';
import type { Turn } from './metering.ts';
import { DEBATE_VERSION, othersPrompt } from './prompts/debate-1.ts';
import { prompts } from './prompts/prompts.ts';

export interface LanguageModelSettings extends TokenSettings {
  id: AgentId;
  baseUrl: string;
  dialect?: Dialect | undefined;
  stream?: boolean | undefined;
  prompt: PromptVersion;
  model: string;
  cheaperModel?: string | undefined;
  /** For the whole answer, a repair included. */
  timeoutSeconds: number;
  budgetPerCycleUsd: DecimalText;
  budgetPerDayUsd: DecimalText;
  prices: OwnPrices;
  apiKey: string | undefined;
  /** The environment variable that would have held the key, for the abstention. */
  keyVariable: string;
  extraBody: Readonly<Record<string, unknown>>;
}

export function versionOf(prompt: PromptVersion, { others }: AgentRequest): string {
  return others === undefined ? prompt : `${prompt}+${DEBATE_VERSION}`;
}

/** What is asked about some symbols, and as whose. */
export interface Turned {
  turn: Turn;
  question: Question;
}

export function questionOf(
  settings: LanguageModelSettings,
  features: readonly SymbolFeatures[],
  request: AgentRequest,
  { facts }: Pick<Heard, 'facts'>,
): Turned {
  const nonce = randomUUID();
  const { system, user } = prompts[settings.prompt];
  const held = request.others?.filter(({ symbol }) => features.some((each) => each.symbol === symbol));
  const words = user(features, facts, nonce);
  const messages: Message[] = [
    { role: 'system', content: system },
    { role: 'user', content: held === undefined ? words : `${words}\n\n${othersPrompt(held, nonce)}` },
  ];
  const tokens = tokenLimits(settings, features.length);
  const fields = requestFields(dialectOf(settings), { thinking: settings.thinking, tokens }, settings.extraBody);
  return {
    turn: { cycleId: request.cycleId, promptVersion: versionOf(settings.prompt, request), nonce },
    question: { messages, fields, mostOutput: tokens.answer + tokens.thinking },
  };
}
