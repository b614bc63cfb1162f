/** How a seat's agent is made, and what is configured of it. */
export type SeatKind =
  /** All that is said of such a seat stands in its row: there may be any number. */
  | 'language-model'
  | 'forecaster'
  /** One whose weights we train. Its settings, which its worker reads too, stand under its name in contracts/config/agents.ts. */
  | 'trained-forecaster'
  /** Made under its name in trading/agents/create.ts, and configured, where it has settings, under its name as well. */
  | 'of-its-own';

/** Of a provider with an OpenAI-compatible API. */
interface HostedModel {
  /** Where nothing else is configured. */
  baseUrl: string;
  model: string;
  /** Which of the seat's secrets is the API key. */
  key: string;
}

interface SeatSecret {
  /** Of the environment. */
  variable: string;
  form: 'word' | 'password' | 'addresses';
}

interface SeatTerms {
  /** Agents whose views come from the same kind of source count together against one cap. */
  group: string;
  /** One of the six that the mission names. */
  mission: boolean;
  /** Where nobody has said otherwise. `when_needed`: votes only while fewer than two of the six can. */
  takesPart: 'always' | 'when_asked' | 'when_needed';
  /** Longest that one try of an answer may take. */
  answerMs: number;
  /** What its agent is given. */
  secrets?: Readonly<Record<string, SeatSecret>>;
}

/**
 * `engine` is what `npm start -- --with NAME` installs and runs: a program of others that trades an account of its own, a server that only answers,
 * or the worker of the forecasters.
 */
export type SeatRow = SeatTerms &
  (
    | { kind: 'language-model'; hosted: HostedModel; engine?: never }
    | { kind: 'forecaster' | 'trained-forecaster'; engine?: 'forecaster' }
    | { kind: 'of-its-own'; engine?: 'program' | 'server' }
  );

/**
 * The seats, in the order in which they are shown: all that is said of one stands in its row. Each is asked on its own queue, so that a slow
 * one holds up no other. Beside the six: `baseline`, a documented rule, `fracast`, a small forecaster whose weights come in its package,
 * and `vader`, a list of words that rates the news of `fingpt` where nobody serves a model.
 */
export const seats = {
  deepseek: {
    kind: 'language-model',
    group: 'language-models',
    mission: true,
    takesPart: 'always',
    answerMs: 600_000,
    secrets: { deepseekApiKey: { variable: 'DEEPSEEK_API_KEY', form: 'word' } },
    hosted: { baseUrl: 'https://api.deepseek.com', model: 'deepseek-flash', key: 'deepseekApiKey' },
  },
  qwen: {
    kind: 'language-model',
    group: 'language-models',
    mission: true,
    takesPart: 'always',
    answerMs: 600_000,
    secrets: { qwenApiKey: { variable: 'DASHSCOPE_API_KEY', form: 'word' } },
    hosted: {
      baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
      model: 'qwen3.8-flash',
      key: 'qwenApiKey',
    },
  },
  fingpt: {
    kind: 'of-its-own',
    group: 'sentiment',
    mission: true,
    takesPart: 'always',
    answerMs: 20_000,
    secrets: {
      fingptApiKey: { variable: 'FINGPT_API_KEY', form: 'word' },
      /** Of RSS or Atom feeds that hold a key or a password, with blanks or ends of lines between them. */
      newsFeeds: { variable: 'FINGPT_NEWS_FEEDS', form: 'addresses' },
    },
  },
  'lag-llama': {
    kind: 'trained-forecaster',
    group: 'forecasters',
    mission: true,
    takesPart: 'always',
    answerMs: 20_000,
    engine: 'forecaster',
  },
  freqtrade: {
    kind: 'of-its-own',
    group: 'strategies',
    mission: true,
    takesPart: 'always',
    answerMs: 5_000,
    /** Of a Freqtrade elsewhere: the one beside the stack has its own, which never leaves this machine. */
    secrets: { freqtradePassword: { variable: 'FREQTRADE_PASSWORD', form: 'password' } },
    engine: 'program',
  },
  hummingbot: {
    kind: 'of-its-own',
    group: 'market-making',
    mission: true,
    takesPart: 'always',
    answerMs: 5_000,
    /** Of a hummingbot-api of your own. */
    secrets: { hummingbotApiPassword: { variable: 'HUMMINGBOT_API_PASSWORD', form: 'password' } },
    engine: 'program',
  },
  // On its queue rules of somebody's own are asked as well: each in a process of its own, which takes a moment to start on a busy machine.
  baseline: { kind: 'of-its-own', group: 'baseline', mission: false, takesPart: 'when_needed', answerMs: 10_000 },
  fracast: {
    kind: 'forecaster',
    group: 'forecasters',
    mission: false,
    takesPart: 'when_asked',
    answerMs: 20_000,
    engine: 'forecaster',
  },
  vader: {
    kind: 'of-its-own',
    group: 'sentiment',
    mission: false,
    takesPart: 'when_asked',
    answerMs: 20_000,
    engine: 'server',
  },
} as const satisfies Record<string, SeatRow>;

export type SeatId = keyof typeof seats;
/** The seats of a kind. */
export type SeatOf<K extends SeatKind> = { [Id in SeatId]: (typeof seats)[Id]['kind'] extends K ? Id : never }[SeatId];
type Secrets<Row> = Row extends { secrets: infer Each } ? keyof Each : never;
export type SeatSecretName = Secrets<(typeof seats)[SeatId]>;
type Served<Id extends SeatId> = (typeof seats)[Id] extends { engine: string } ? Id : never;
/** A seat that a program beside the stack can serve. */
export type EngineId = { [Id in SeatId]: Served<Id> }[SeatId];

export const seatIds = Object.keys(seats) as readonly SeatId[];

export function seatRow(id: SeatId): SeatRow {
  return seats[id];
}

export function seatsOf<K extends SeatKind>(kind: K): SeatOf<K>[] {
  return seatIds.filter((id): id is SeatOf<K> => seats[id].kind === kind);
}

/** Programs of others first. */
export const engineIds: readonly EngineId[] = (['program', 'server', 'forecaster'] as const).flatMap((engine) =>
  seatIds.filter((id): id is EngineId => seatRow(id).engine === engine),
);

/** Of all seats, by their names. */
export const seatSecrets = Object.fromEntries(
  seatIds.flatMap((id) => Object.entries(seatRow(id).secrets ?? {})),
) as Readonly<Record<SeatSecretName, SeatSecret>>;
