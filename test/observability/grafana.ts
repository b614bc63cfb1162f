import { z } from 'zod';

const resultSchema = z.object({ text: z.string().optional(), color: z.string().optional() });
const mappingSchema = z.object({ type: z.literal('value'), options: z.record(z.string(), resultSchema) });
const stepSchema = z.object({ value: z.number().nullable().optional(), color: z.string() });

/** Of a panel in Grafana's model, what decides by which words and colour a value is shown. */
export const drawnSchema = z.object({
  type: z.string(),
  title: z.string(),
  fieldConfig: z.object({
    defaults: z.object({
      color: z.object({ mode: z.string() }).optional(),
      mappings: z.array(mappingSchema).optional(),
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

/** How Grafana shows a value: a mapping's text and colour before the thresholds' (`getDisplayProcessor`). */
export function shown({ fieldConfig: { defaults } }: Drawn, value: number): { text: string; color: string } {
  const mapped = defaults.mappings?.map(({ options }) => options[String(value)]).find((result) => result !== undefined);
  return {
    text: mapped?.text ?? String(value),
    color: mapped?.color ?? activeColor(defaults.thresholds?.steps ?? DEFAULT_STEPS, value),
  };
}
