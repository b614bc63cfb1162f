import { z } from 'zod';
import { agentIdText } from '../../../contracts/participation.ts';
import type { RuleSignal } from '../../../contracts/rule-agent.ts';
import { firstFault, shortened } from '../answer-check.ts';
import { RuleFault } from './fault.ts';

/*
 * What comes out of a rule's process: text of a stranger's. Parsed here it has no prototype of its making, and only what a schema knows goes further.
 */

const declaredSchema = z.strictObject({
  name: agentIdText,
  horizonMinutes: z.int().min(1).max(10_080).optional(),
  parameters: z
    .record(z.string().max(40), z.union([z.number(), z.string().max(60), z.boolean()]))
    .refine((parameters) => Object.keys(parameters).length <= 30, 'has more than 30 entries'),
});

/** What the file says of itself. */
export type Declared = z.output<typeof declaredSchema>;

const fraction = z.number('must be a finite number');
const signalSchema: z.ZodType<RuleSignal> = z
  .strictObject({
    expectedReturn: fraction.min(-0.5).max(0.5),
    uncertainty: fraction.positive().max(1).optional(),
    conviction: fraction.min(0).max(1).optional(),
    probabilities: z
      .strictObject({
        up: fraction.min(0).max(1),
        flat: fraction.min(0).max(1),
        down: fraction.min(0).max(1),
      })
      .refine(({ up, flat, down }) => Math.abs(up + flat + down - 1) < 0.01, 'must add up to 1')
      .optional(),
    rationale: z.string().max(300).optional(),
  })
  .transform((signal) => signal as RuleSignal);
const abstentionSchema = z.strictObject({ abstain: z.string().max(1_000) });
const childSchema = z.union([
  z.strictObject({ answer: z.unknown() }),
  z.strictObject({ fault: z.string().max(10_000) }),
]);

/** Of one view: its answer as the contract has it, or what is wrong with it. */
export type Given = { signal: RuleSignal } | { abstain: string } | { fault: string };

/** @throws RuleFault */
export function declaredIn(line: string): Declared {
  const told = jsonOf(line);
  const missing = z.strictObject({ missing: z.array(z.string()) }).safeParse(told);
  if (missing.success) {
    const others = missing.data.missing.slice(0, 5).join(', ');
    const found = others === '' ? 'it exports nothing' : `it exports ${others}`;
    const remedy = 'say "export default { name, decide(view, parameters) { … } }"';
    throw new RuleFault('unavailable', `It has no default export with a function decide (${found}): ${remedy}.`);
  }
  const parsed = z.strictObject({ rule: declaredSchema }).safeParse(told);
  if (parsed.success) return parsed.data.rule;
  throw new RuleFault('invalid_answer', `Its default export is not a rule: ${firstFault(parsed.error)}.`);
}

/** @throws RuleFault where not each view has an answer */
export function givenIn(line: string, count: number): Given[] {
  const parsed = z.strictObject({ answers: z.array(childSchema).length(count) }).safeParse(jsonOf(line));
  if (!parsed.success) throw new RuleFault('invalid_answer', `It answered out of order: ${firstFault(parsed.error)}.`);
  return parsed.data.answers.map((each) => ('fault' in each ? each : givenOf(each.answer)));
}

function givenOf(answer: unknown): Given {
  const abstention = abstentionSchema.safeParse(answer);
  if (abstention.success) return { abstain: shortened(abstention.data.abstain) };
  const signal = signalSchema.safeParse(answer);
  if (signal.success) return { signal: signal.data };
  return { fault: `decide answered neither a signal nor an abstention: ${firstFault(signal.error)}` };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new RuleFault('invalid_answer', 'What it told is not JSON.');
  }
}
