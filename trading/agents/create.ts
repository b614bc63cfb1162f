import { resolve } from 'node:path';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import {
  type SeatId,
  type SeatKind,
  type SeatOf,
  type SeatRow,
  type SeatSecretName,
  seatIds,
  seatRow,
} from '../../domain/signals/seats.ts';
import { freqtradeEngineUrl, hummingbotEngineUrl, vaderEngineUrl } from '../../runtime/configuration/addresses.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { addressesIn, type Secrets } from '../../runtime/configuration/secrets.ts';
import { createBaseline } from './baseline/baseline.ts';
import { createForecasterSeat } from './forecasters/forecaster-seat.ts';
import { createFreqtrade, type FreqtradeSettings } from './freqtrade/freqtrade.ts';
import { createHummingbotSeat } from './hummingbot/hummingbot.ts';
import { createApiViews } from './hummingbot/hummingbot-api.ts';
import { createEngineViews, type EngineViews } from './hummingbot/hummingbot-engine.ts';
import type { Beside } from './language-models/facts.ts';
import { createLanguageModel } from './language-models/language-model.ts';
import type { ModelCalls } from './language-models/metering.ts';
import type { LanguageModelSettings } from './language-models/question.ts';
import type { Agent } from './port.ts';
import { createFeed } from './sentiment/news/feed.ts';
import { createNewsFile } from './sentiment/news/file.ts';
import type { NewsSource } from './sentiment/news/port.ts';
import { publicFeeds } from './sentiment/news/public-feeds.ts';
import { fingptSeat, vaderModels, vaderSeat } from './sentiment/seats.ts';
import { createSentimentAgent, type RememberNews } from './sentiment/sentiment-agent.ts';

export type AgentSecrets = Partial<Pick<Secrets, SeatSecretName | 'freqtradeEngineToken'>>;

/** What agents are made of. */
interface Means {
  configuration: Pick<Configuration, 'agents'>;
  secrets: AgentSecrets;
  /** That run beside the stack. */
  engines: readonly Engine[];
  /** Where each request to a language model is reserved and kept. */
  modelCalls: ModelCalls;
  rememberNews: RememberNews;
  /** What a language model hears of its own record; without it nothing. */
  scoreOf?: Beside['scoreOf'];
}

/** With what several of them share. */
interface Given extends Means {
  news: readonly NewsSource[];
}

type Own = SeatOf<'of-its-own'>;
type Create<Id extends SeatId> = (id: Id, means: Given) => Agent | undefined;

/** How the agent of a seat is made; undefined where a worker of its own serves the queue: ours would take questions away from the model. */
const kinds: { [K in Exclude<SeatKind, 'of-its-own'>]: Create<SeatOf<K>> } = {
  'language-model': (id, { configuration, secrets, modelCalls, news, scoreOf }) =>
    createLanguageModel(modelSettingsOf(id, { configuration, secrets }), modelCalls, { news, scoreOf }),
  'trained-forecaster': createForecaster,
  forecaster: createForecaster,
};

/** What a hosted model is made of. */
export function modelSettingsOf(
  id: SeatOf<'language-model'>,
  { configuration, secrets }: Pick<Means, 'configuration' | 'secrets'>,
): LanguageModelSettings {
  const { hosted, secrets: named } = seatRow(id) as Extract<SeatRow, { kind: 'language-model' }>;
  return {
    id,
    ...configuration.agents[id],
    apiKey: secrets[hosted.key as SeatSecretName],
    keyVariable: named?.[hosted.key]?.variable ?? hosted.key,
  };
}

/** The agents of their own kind: each takes its settings and secrets by name, and signs as itself. */
const own: { [Id in Own]: (means: Given) => Agent<Id> } = {
  fingpt({ configuration: { agents }, secrets, news, modelCalls, rememberNews }) {
    const settings = { ...agents.fingpt, apiKey: secrets.fingptApiKey };
    return createSentimentAgent(fingptSeat, settings, news, modelCalls, rememberNews);
  },
  vader({ configuration: { agents }, engines, news, modelCalls, rememberNews }) {
    const baseUrl = engines.includes('vader') ? vaderEngineUrl({ agents }) : undefined;
    const settings = { baseUrl, models: vaderModels, news: agents.fingpt.news };
    return createSentimentAgent(vaderSeat, settings, news, modelCalls, rememberNews);
  },
  freqtrade: ({ configuration: { agents }, secrets, engines }) =>
    createFreqtrade(freqtradeSettings(agents, secrets, engines.includes('freqtrade'))),
  hummingbot: ({ configuration: { agents }, secrets, engines }) =>
    createHummingbotSeat(agents.hummingbot, engineViews(agents, secrets, engines.includes('hummingbot'))),
  baseline: createBaseline,
};

/** Every agent as it is configured, by its seat. */
export function createAgents(means: Means): Partial<Record<AgentId, Agent>> {
  const given = { ...means, news: newsSources(means.configuration.agents.fingpt.news, means.secrets) };
  return Object.fromEntries(
    seatIds.flatMap((id) => {
      const { kind } = seatRow(id);
      const agent = kind === 'of-its-own' ? own[id as Own](given) : (kinds[kind] as Create<SeatId>)(id, given);
      return agent ? [[id, agent]] : [];
    }),
  );
}

function createForecaster(
  id: SeatOf<'forecaster' | 'trained-forecaster'>,
  { configuration: { agents }, engines }: Means,
): Agent | undefined {
  const isServed = agents[id].worker === 'external' || (engines as readonly SeatId[]).includes(id);
  return isServed ? undefined : createForecasterSeat(id);
}

/** The engine beside the stack, else one of the user's own, else none. */
function engineViews(
  agents: Configuration['agents'],
  secrets: AgentSecrets,
  isBeside: boolean,
): EngineViews | undefined {
  const { apiUrl: baseUrl, apiUsername: username } = agents.hummingbot;
  if (isBeside) return createEngineViews(hummingbotEngineUrl({ agents }));
  return baseUrl === undefined
    ? undefined
    : createApiViews({ baseUrl, username, password: secrets.hummingbotApiPassword });
}

function newsSources(
  { publicFeeds: readsPublic, feeds, file }: Configuration['agents']['fingpt']['news'],
  { newsFeeds = '' }: AgentSecrets,
): NewsSource[] {
  const addresses = new Set([...(readsPublic ? publicFeeds : []), ...feeds, ...addressesIn(newsFeeds)]);
  return [
    ...[...addresses].map((address) => createFeed(address)),
    ...(file === undefined ? [] : [createNewsFile(resolve(projectFolder, file))]),
  ];
}

/** Each password goes to its own Freqtrade alone. */
function freqtradeSettings(
  agents: Configuration['agents'],
  secrets: AgentSecrets,
  isBeside: boolean,
): FreqtradeSettings | undefined {
  const { baseUrl, username } = agents.freqtrade;
  if (baseUrl !== undefined) return { baseUrl, username, password: secrets.freqtradePassword };
  if (!isBeside) return undefined;
  return { baseUrl: freqtradeEngineUrl({ agents }), username, password: secrets.freqtradeEngineToken };
}
