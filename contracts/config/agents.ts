import { z } from 'zod';

const hostedModel = (defaults: { baseUrl: string; model: string }) =>
  z
    .strictObject({
      baseUrl: z.url().default(defaults.baseUrl),
      model: z.string().min(1).default(defaults.model),
      /** For the whole answer, a repair of a faulty one included. */
      timeoutSeconds: z.number().positive().max(40).default(20),
      maxTokens: z.int().min(64).max(8_192).default(1_600),
    })
    .prefault({});

/** `worker: external` says that a worker of your own polls the agent's queue, e.g. one on a GPU node. */
const forecaster = z.strictObject({ worker: z.enum(['none', 'external']).default('none') }).prefault({});

/** A REST API of Freqtrade's. The one that runs beside the stack listens on this machine only. */
const freqtrade = z
  .strictObject({
    /** Of a Freqtrade of your own; without it the one beside the stack is asked, if there is one. */
    baseUrl: z
      .url({ protocol: /^https?$/, error: 'must be an address such as http://freqtrade.example:8080' })
      .refine((url) => new URL(url).username === '' && new URL(url).password === '', {
        message: 'must not hold a user or a password: they belong in agents.freqtrade.username and FREQTRADE_PASSWORD',
      })
      .optional(),
    username: z
      .string()
      .regex(/^[^:]+$/, 'must be a name without a colon')
      .default('sapphire'),
    /** Of the one beside the stack. */
    port: z.int().min(1_024).max(65_535).default(8094),
  })
  .prefault({});

/** An agent without the setting that it needs abstains with that as its reason. */
export const agentsSchema = z.strictObject({
  deepseek: hostedModel({ baseUrl: 'https://api.deepseek.com', model: 'deepseek-flash' }),
  qwen: hostedModel({ baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1', model: 'qwen3.8-flash' }),
  fingpt: z.strictObject({ baseUrl: z.url().optional() }).prefault({}),
  'lag-llama': forecaster,
  fracast: forecaster,
  freqtrade,
  hummingbot: z.strictObject({ riskFactor: z.number().positive().max(100).default(1) }).prefault({}),
});

export type AgentsConfiguration = z.output<typeof agentsSchema>;
