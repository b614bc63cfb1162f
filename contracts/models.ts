import { z } from 'zod';
import { type SeatOf, seatsOf } from '../domain/signals/seats.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case');
const loss = z.number();
const trainable = seatsOf('trained-forecaster');

/** Weights of our own training, by name: the file is in the models folder of whoever serves it. */
export const weightsSchema = z.strictObject({
  file: z.string().regex(/^[0-9a-f]{64}\.safetensors$/, 'must be SHA256.safetensors'),
  sha256: hash,
});
export type Weights = z.output<typeof weightsSchema>;

/** What a training prints as its last line (workers/gpu/fine_tune.py). Losses are mean negative log-likelihoods of one step. */
export const trainingResultSchema = z.object({
  agent: z.enum(trainable),
  version: z.string(),
  file: z.string(),
  sha256: hash,
  dataHash: hash,
  /** What it began with: `scratch`, or the weights by their hash. */
  base: z.string(),
  steps: z.int(),
  bestStep: z.int(),
  trainLoss: loss,
  validationLoss: loss,
  /** On the part of the data that neither training nor its end had seen. */
  heldOutLoss: loss,
  /** Of the same weights before the training. */
  baseLoss: loss,
  /** Of a random walk fitted to the training part. */
  naiveLoss: loss,
  windows: z.record(z.string(), z.int()),
  seconds: z.number(),
  device: z.string(),
});
export type TrainingResult = z.output<typeof trainingResultSchema>;

/** `shadow`: asked and scored, and not counted. `voting`: its scores earned it a vote. `retired`: not asked any more. */
export const modelStates = ['shadow', 'voting', 'retired'] as const;
export type ModelState = (typeof modelStates)[number];

/** A trained version, an agent of its own beside the seat on whose queue it is asked. */
export interface ModelVersion {
  /** Its seat and the first 8 digits of its weights' hash. */
  agentId: string;
  seat: SeatOf<'trained-forecaster'>;
  state: ModelState;
  weights: Weights;
  training: Omit<TrainingResult, 'file'>;
  registeredAt: number;
  registeredBy: string;
  trial: ModelTrial;
}

/** How a version stands in the search for one that knows more. */
export interface ModelTrial {
  /** Since when its signals count for a vote, or for keeping it. */
  since: number;
  /** Trials that it has begun: each is one more chance for luck. */
  count: number;
  /** Of the last look at it; 0 where there was none. */
  lookedAt: number;
  /** Who moved it to the state that it is in. */
  movedBy: string;
}

export function modelAgentId(seat: string, sha256: string): string {
  return `${seat}-${sha256.slice(0, 8)}`;
}

export function weightsFile(sha256: string): string {
  return `${sha256}.safetensors`;
}
