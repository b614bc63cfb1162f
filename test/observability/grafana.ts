import { z } from 'zod';

const resultSchema = z.object({ text: z.string().optional(), color: z.string().optional() });
const mappingSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('value'), options: z.record(z.string(), resultSchema) }),
  z.object({ type: z.literal('special'), options: z.object({ match: z.literal('null+nan'), result: resultSchema }) }),
]);
const stepSchema = z.object({ value: z.number().nullable().optional(), color: z.string() });

/** Of a panel in Grafana's model, what decides by which words and colour a value is shown. */
export const drawnSchema = z.object({
  type: z.string(),
  title: z.string(),
  targets: z.array(z.object({ instant: z.boolean().optional() })).optional(),
  fieldConfig: z.object({
    defaults: z.object({
      color: z.object({ mode: z.string() }).optional(),
      mappings: z.array(mappingSchema).optional(),
      noValue: z.string().optional(),
      thresholds: z.object({ mode: z.literal('absolute'), steps: z.array(stepSchema) }).optional(),
    }),
    overrides: z
      .array(
        z.object({
          matcher: z.object({ id: z.literal('byName'), options: z.string() }),
          properties: z.array(z.object({ id: z.string(), value: z.unknown() })),
        }),
      )
      .optional(),
  }),
});
export type Drawn = z.output<typeof drawnSchema>;

/** What Grafana takes where a field has no thresholds: `registry.tsx`, `thresholds.defaultValue`. */
const DEFAULT_STEPS: z.output<typeof stepSchema>[] = [
  { value: null, color: 'green' },
  { value: 80, color: 'red' },
];

/** `getActiveThreshold`: the last step from the left that is reached; the first is reached always. */
function activeColor(steps: readonly z.output<typeof stepSchema>[], value: number): string {
  let active = steps[0]?.color ?? '?';
  for (const step of steps) {
    if (value < (step.value ?? Number.NEGATIVE_INFINITY)) break;
    active = step.color;
  }
  return active;
}

/**
 * How Grafana shows a value: a mapping's text and colour before the thresholds' (`getDisplayProcessor`). What is null, as of a stat without
 * any series, or no number has without a mapping the colour of the first step.
 */
export function shown({ fieldConfig: { defaults } }: Drawn, value: number | null): { text: string; color: string } {
  const known = value !== null && !Number.isNaN(value);
  const mapped = defaults.mappings
    ?.map((mapping) => {
      if (mapping.type === 'value') return mapping.options[String(value)];
      return known ? undefined : mapping.options.result;
    })
    .find((result) => result !== undefined);
  const steps = defaults.thresholds?.steps ?? DEFAULT_STEPS;
  return {
    text: mapped?.text ?? (value === null ? (defaults.noValue ?? '') : String(value)),
    color: mapped?.color ?? activeColor(steps, known ? value : Number.NEGATIVE_INFINITY),
  };
}
