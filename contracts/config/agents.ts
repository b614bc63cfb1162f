import { z } from 'zod';
import { type SeatId, type SeatKind, type SeatOf, type SeatRow, seatIds, seatRow } from '../../domain/signals/seats.ts';
import { notNegativeDecimalText, positiveDecimalText } from '../decimal-text.ts';
import { holdModelSettings, modelSettings } from './language-models.ts';
import { webAddress } from './web-address.ts';

/**
 * Asked by a schedule of its own, as often as this: a cycle hears the answer that stands, and waits for none. Without it each cycle asks, and waits
 * as long as `participation.deadlineSeconds`.
 */
const asked = { askEverySeconds: z.int().min(60).max(86_400).optional() };

const hostedModel = ({ hosted, secrets }: Extract<SeatRow, { kind: 'language-model' }>) =>
  z
    .strictObject({
      ...asked,
      baseUrl: webAddress(hosted.baseUrl, `in ${secrets?.[hosted.key]?.variable}`).default(hosted.baseUrl),
      model: z.string().min(1).default(hosted.model),
      ...modelSettings,
      /** Most that one cycle, and one UTC day, may cost in US dollars; each call is reserved at the most that it can cost. */
      budgetPerCycleUsd: notNegativeDecimalText.default('0.05'),
      budgetPerDayUsd: notNegativeDecimalText.default('5'),
      /** Asked in its place when the budget is too small for the model. */
      cheaperModel: z.string().min(1).optional(),
    })
    .check(({ value, issues }) =>
      holdModelSettings(value, (path, input, message) => issues.push({ code: 'custom', path, input, message })),
    )
    .prefault({});

/** `external` says that a worker of your own polls the agent's queue, e.g. one on a GPU node. */
const worker = z.enum(['none', 'external']).default('none');

/** Its worker reads the same file and holds the weights against the same rules: see workers/gpu. */
const lagLlama = z
  .strictObject({
    ...asked,
    worker,
    /** Weights on the worker's machine, absolute or relative to the checkout. Without any the agent abstains. */
    checkpoint: z
      .string()
      .regex(/\.(safetensors|ckpt)$/, 'must be the path of a .safetensors or .ckpt file')
      .optional(),
    /** Of the weights. A pickle may carry code, so a .ckpt is not opened before this was compared. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case')
      .optional(),
    /** Repository of the Hugging Face Hub whose model.safetensors is fetched once, e.g. time-series-foundation-models/Lag-Llama. */
    hub: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+$/, 'must be OWNER/NAME, e.g. time-series-foundation-models/Lag-Llama')
      .optional(),
  })
  .refine(({ checkpoint, hub }) => checkpoint === undefined || hub === undefined, {
    path: ['hub'],
    message: 'stands beside checkpoint: the weights come from one place',
  })
  .refine(({ checkpoint, sha256 }) => !checkpoint?.endsWith('.ckpt') || sha256 !== undefined, {
    path: ['sha256'],
    message: 'is missing: a .ckpt is a pickle and needs the sha256 that its publisher states',
  })
  .prefault({});

/** A REST API of Freqtrade's. The one that runs beside the stack listens on this machine only. */
const freqtrade = z
  .strictObject({
    ...asked,
    /** Of a Freqtrade of your own; without it the one beside the stack is asked, if there is one. */
    baseUrl: webAddress(
      'http://freqtrade.example:8080',
      'in agents.freqtrade.username and FREQTRADE_PASSWORD',
    ).optional(),
    username: z
      .string()
      .regex(/^[^:]+$/, 'must be a name without a colon')
      .default('sapphire'),
    /** Of the one beside the stack. */
    port: z.int().min(1_024).max(65_535).default(8094),
    /** That the one beside the stack runs in place of ours: a Python file or a folder of yours, absolute or relative to the checkout. */
    strategy: z.string().min(1).optional(),
    /** Where it holds several. */
    strategyClass: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, 'must be the name of a class, e.g. MyStrategy')
      .optional(),
  })
  .refine(({ strategy, strategyClass }) => strategy !== undefined || strategyClass === undefined, {
    path: ['strategyClass'],
    message: 'stands alone: say in agents.freqtrade.strategy which file or folder holds it',
  })
  .refine(({ baseUrl, strategy }) => baseUrl === undefined || strategy === undefined, {
    path: ['strategy'],
    message: 'is of the Freqtrade beside the stack, and baseUrl asks another: leave one of them out',
  })
  .prefault({});

const fingpt = z
  .strictObject({
    ...asked,
    /** Without `/v1`, e.g. http://127.0.0.1:8000. */
    baseUrl: webAddress('http://gpu.internal:8000', 'in FINGPT_API_KEY').optional(),
    /** Names under which a FinGPT model may be served; any other model is refused. */
    models: z
      .array(z.string().min(1))
      .min(1)
      .default([
        'fingpt',
        'FinGPT/fingpt-mt_llama3-8b_lora',
        'FinGPT/fingpt-mt_llama2-7b_lora',
        'FinGPT/fingpt-sentiment_llama2-13b_lora',
        'gaianet/FinGPT-MT-Llama-3-8B-LoRA-GGUF',
      ]),
    news: z
      .strictObject({
        /** Reads a set of feeds that need no key, beside those below: docs/language-models.md names them. */
        publicFeeds: z.boolean().default(false),
        /** Addresses of RSS or Atom feeds. Those that need a key stand in FINGPT_NEWS_FEEDS. */
        feeds: z
          .array(
            webAddress(
              'https://news.example/rss',
              'with its address in FINGPT_NEWS_FEEDS, or in a file that FINGPT_NEWS_FEEDS_FILE names',
            ),
          )
          .max(20)
          .default([]),
        /** Of one JSON object a line, relative to the checkout. */
        file: z.string().min(1).optional(),
        maxAgeMinutes: z.int().min(1).max(10_080).default(240),
        /** Newest ones for each symbol. */
        maxItems: z.int().min(1).max(50).default(8),
      })
      .prefault({}),
  })
  .prefault({});

/** It rates the news of `fingpt`. */
const vader = z
  .strictObject({
    ...asked,
    ...asked,
    /** Of its server, on this machine only. */
    port: z.int().min(1_024).max(65_535).default(8097),
  })
  .prefault({});

const hummingbot = z
  .strictObject({
    ...asked,
    /** γ of the quoting model. */
    riskFactor: z.number().positive().max(100).default(1),
    /** Of the engine beside the stack: its state, and the MQTT broker that drives it. */
    port: z.int().min(1_024).max(65_535).default(8095),
    mqttPort: z.int().min(1_024).max(65_535).default(8096),
    /** What the engine's own paper account opens with, in the quote currency; as much again is in each base asset that it quotes. */
    paperBalance: positiveDecimalText.default('10000'),
    /** Of a hummingbot-api of your own whose bots run our controller, e.g. http://hummingbot.internal:8000. */
    apiUrl: webAddress(
      'http://hummingbot.internal:8000',
      'in agents.hummingbot.apiUsername and HUMMINGBOT_API_PASSWORD',
    ).optional(),
    apiUsername: z.string().min(1).default('admin'),
  })
  .prefault({});

/** What is configured of a seat of which there may be any number. */
const kinds = {
  'language-model': hostedModel,
  forecaster: () => z.strictObject({ ...asked, worker }).prefault({}),
};
/** Of the others; of the baseline nothing is. */
const ownSettings = { 'lag-llama': lagLlama, vader, fingpt, freqtrade, hummingbot } satisfies Record<
  SeatOf<'trained-forecaster'>,
  z.ZodType
> &
  Partial<Record<SeatOf<'of-its-own'>, z.ZodType>>;
type Shape = { [K in keyof typeof kinds as SeatOf<K>]: ReturnType<(typeof kinds)[K]> } & typeof ownSettings;

const ofKind: Partial<Record<SeatKind, (row: never) => z.ZodType>> = kinds;
const own: Partial<Record<SeatId, z.ZodType>> = ownSettings;
const shape = Object.fromEntries(
  seatIds.flatMap((id) => {
    const row = seatRow(id);
    const schema = ofKind[row.kind]?.(row as never) ?? own[id];
    return schema ? [[id, schema]] : [];
  }),
) as unknown as Shape;

/** An agent without the setting that it needs abstains with that as its reason. */
export const agentsSchema = z.strictObject(shape);
export type AgentsConfiguration = z.output<typeof agentsSchema>;
