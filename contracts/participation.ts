import { z } from 'zod';
import {
  type AgentParticipation,
  agentRoles,
  type ConsensusRules,
  defaultParticipation,
  type Participant,
  pools,
} from '../domain/consensus/participation.ts';
import type { AgentId } from '../domain/signals/agents.ts';
import type { Calibration } from '../domain/signals/calibration.ts';
import { nameSchema, reasonSchema } from './text.ts';

const fraction = z.number().min(0).max(1);
const groupName = z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, 'must be a short lower-case name, e.g. forecasters');

/** Records are kept by these names, and every object answers to some names by itself. */
export const agentIdText = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{1,30}$/,
    'must be a short lower-case name of 2 to 31 letters, digits and hyphens, a letter first, e.g. deepseek',
  )
  .refine((name) => !(name in Object.prototype), 'is a word of the programming language: choose another name');

/** Every control of one agent, each of which may be left as it is. */
export const agentSettingsSchema = z.strictObject({
  enabled: z.boolean().optional(),
  role: z.enum(agentRoles).optional(),
  /** 0 equals absence. */
  weight: z.number().min(0).max(10).optional(),
  /** Most of the vote that it may carry. */
  cap: fraction.optional(),
  /** Agents of one group together carry at most `maxGroupShare`. */
  group: groupName.optional(),
  /** Its weight stands, whatever its score. */
  pinned: z.boolean().optional(),
});
export type AgentSettings = z.output<typeof agentSettingsSchema>;

const participationShape = {
  enabled: z.boolean(),
  role: z.enum(agentRoles),
  weight: z.number(),
  cap: z.number(),
  group: z.string(),
  pinned: z.boolean(),
};

export const agentParticipationSchema: z.ZodType<AgentParticipation> = z.strictObject(participationShape);

export const calibrationSchema: z.ZodType<Calibration> = z.strictObject({
  slope: fraction,
  slopeError: z.number().min(0),
  prior: fraction,
  limit: z.number().positive(),
});

/** With the factor of the weight that its scores have earned it, and what its expected returns are believed. */
export const participantSchema: z.ZodType<Participant> = z.strictObject({
  ...participationShape,
  trust: z.number(),
  calibration: calibrationSchema.optional(),
});

/** What is set over what was, or over the defaults. */
export function withSettings(
  agentId: AgentId,
  settings: AgentSettings,
  before: AgentParticipation = defaultParticipation(agentId),
): AgentParticipation {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  return { ...before, ...given };
}

const policyShape = {
  /** Signals needed for each symbol. */
  quorumCount: z.int().min(1).max(20),
  /** Share of the enabled weight that must have answered with a signal. */
  quorumWeight: fraction.default(0.1),
  /** Groups of which at least one signal must count, e.g. forecasters. */
  requiredGroups: z.array(groupName).max(10).default([]),
  /** Most weight that one group of correlated agents may carry, as a share of the voting weight. */
  maxGroupShare: z.number().positive().max(1).default(0.6),
  /** `linear` keeps disagreement visible; `log` lets agreement count for more. */
  pool: z.enum(pools).default('linear'),
  /** A direction that is held with less than this is none. */
  minConviction: fraction.default(0),
  /** A guard that sees a fall with at least this conviction forbids to buy. */
  vetoConviction: fraction.default(0.5),
  /** Weights follow the agents' scores, unless pinned. */
  earnedTrust: z.boolean().default(true),
  /** Language models see the others' reasons once, and may change their minds. */
  debate: z.boolean().default(false),
  /** Time that the agents have for their answers; never more than the cycle's interval, or than a decision on their snapshot leaves them. */
  deadlineSeconds: z.int().min(1).max(600).default(30),
  /** A guest's signal that came in longer ago than this does not count. */
  maxSignalAgeSeconds: z.int().min(1).max(86_400).default(300),
  /** So many failures in a row, and an agent is left alone for a while. */
  coolDownFailures: z.int().min(1).max(100).default(3),
  /** The longest while. The first is a minute, and each further failure doubles the next. */
  coolDownSeconds: z.int().min(0).max(86_400).default(300),
};

/** How a consensus is formed: the configuration's, until a person changes it in the books. */
export const policySchema = z.strictObject(policyShape);
export type PolicySettings = z.output<typeof policySchema>;

/** As the books of any release hold it, in which a group's share could be 0. A key that nobody knows belongs to another release. */
export const storedPolicySchema: z.ZodType<PolicySettings> = z.object({
  ...policyShape,
  maxGroupShare: fraction.default(policyShape.maxGroupShare.parse(undefined)),
});

/** The section `participation` of the configuration. */
export const participationConfigurationSchema = z.strictObject({
  ...policyShape,
  /** Without a value 1 in the development profile and 3 in production. */
  quorumCount: policyShape.quorumCount.optional(),
  agents: z.record(agentIdText, agentSettingsSchema).default({}),
});

/** What a policy says to the pure function. */
export function consensusRules(policy: PolicySettings): ConsensusRules {
  const { quorumCount, quorumWeight, requiredGroups, maxGroupShare, pool, minConviction, vetoConviction, earnedTrust } =
    policy;
  return { quorumCount, quorumWeight, requiredGroups, maxGroupShare, pool, minConviction, vetoConviction, earnedTrust };
}

const by = nameSchema;
const reason = reasonSchema;
const requestId = z.string().min(1).max(200);

/** What the coordinator's tool `list_participation` answers. */
export const participationSchema = z.strictObject({
  /** Grows with each change of who takes part or of the policy; a consensus names the one that it was formed under. */
  version: z.int(),
  agents: z.array(
    z.strictObject({
      agentId: agentIdText,
      ...participationShape,
      trust: z.number(),
      calibration: calibrationSchema.optional(),
    }),
  ),
  policy: storedPolicySchema,
  /** What every agent is asked: a signal over another horizon is brought to this one. */
  question: z.strictObject({
    symbols: z.array(z.string()),
    horizonMs: z.int(),
    /** Flat is a return within ± this many basis points. */
    flatBandBps: z.number(),
  }),
});
export type Participation = z.output<typeof participationSchema>;

/** Input of the coordinator's tool `set_participation`: repeat-safe by request id. */
export const participationRequestSchema = z
  .strictObject({ requestId, agentId: agentIdText, ...agentSettingsSchema.shape, by, reason })
  .refine(({ requestId: _id, agentId: _agent, by: _by, reason: _reason, ...settings }) => hasSetting(settings), {
    message: 'say what to change: enabled, role, weight, cap, group or pinned',
  });
export type ParticipationRequest = z.output<typeof participationRequestSchema>;

function hasSetting(settings: AgentSettings): boolean {
  return Object.values(settings).some((value) => value !== undefined);
}

export const participationChangeSchema = z.strictObject({
  version: z.int(),
  agentId: agentIdText,
  before: agentParticipationSchema.optional(),
  after: agentParticipationSchema,
  by: z.string(),
  reason: z.string(),
  changedAt: z.int(),
});
export type ParticipationChange = z.output<typeof participationChangeSchema>;

/** Input of the coordinator's tool `set_policy`: repeat-safe by request id. */
export const policyRequestSchema = z.strictObject({
  requestId,
  settings: z
    .strictObject(
      Object.fromEntries(Object.entries(policyShape).map(([key, schema]) => [key, unwrapped(schema).optional()])) as {
        [Key in keyof typeof policyShape]: z.ZodOptional<z.ZodType<PolicySettings[Key]>>;
      },
    )
    .refine((settings) => Object.values(settings).some((value) => value !== undefined), {
      message: 'say what to change',
    }),
  by,
  reason,
});
export type PolicyRequest = z.output<typeof policyRequestSchema>;

/** A part of the schema without its default, which would take the place of every setting that is not named. */
export function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType) : schema;
}

export const policyChangeSchema = z.strictObject({
  version: z.int(),
  account: z.string(),
  before: storedPolicySchema.optional(),
  after: storedPolicySchema,
  by: z.string(),
  reason: z.string(),
  changedAt: z.int(),
});
export type PolicyChange = z.output<typeof policyChangeSchema>;
