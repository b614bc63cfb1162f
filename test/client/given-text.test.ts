import { type Command, InvalidArgumentError, type Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createProgram } from '../../client/cli/program.ts';
import { participationRequestSchema, policyRequestSchema } from '../../contracts/participation.ts';

/** Whatever was typed stops, its words are cut and not refused; a resume is held to the same words by trading control. */
const others = ['stop', 'resume'];

function optionsOf(command: Command, path: string[] = []): { path: string; option: Option }[] {
  const here = [...path, command.name()];
  return [
    ...command.options.map((option) => ({ path: here.slice(1).join(' '), option })),
    ...command.commands.flatMap((each) => optionsOf(each, here)),
  ];
}

const asked = optionsOf(await createProgram()).filter(
  ({ path, option }) => ['--reason', '--by', '--reference'].includes(option.long ?? '') && !others.includes(path),
);

describe('text that a person gives to a command', () => {
  it('is asked for by many', () => expect(asked.length).toBeGreaterThan(12));

  it.each(asked.map(({ path, option }) => [path, option.long, option] as const))(
    '%s %s is one printable line, and refused with the reason otherwise',
    (_path, _long, option) => {
      const parse = option.parseArg;
      if (!parse) throw new Error('it is taken as it is');
      expect(parse(' new\nyear ', undefined)).toBe('new year');
      for (const text of ['', ' ', '\u001b\u0007', '\u200b\n']) {
        expect(() => parse(text, undefined)).toThrow(InvalidArgumentError);
        expect(() => parse(text, undefined)).toThrow(/needs at least one printable character/);
      }
      expect(() => parse('x'.repeat(401), undefined)).toThrow(/characters at most, this one has 401/);
    },
  );
});

describe('text that is given to the coordinator', () => {
  const signed = { requestId: 'r', by: 'ann', reason: 'because' };
  const schemas = [
    ['set_participation', participationRequestSchema, { ...signed, agentId: 'qwen', weight: 1 }],
    ['set_policy', policyRequestSchema, { ...signed, settings: { quorumCount: 1 } }],
  ] as const;

  it.each(schemas)('%s takes one printable line for reason and name', (_, schema, request) => {
    expect(schema.parse({ ...request, reason: 'a\nb' }).reason).toBe('a b');
    for (const field of ['reason', 'by']) {
      expect(schema.safeParse({ ...request, [field]: '\u0007' }).success).toBe(false);
      expect(schema.safeParse({ ...request, [field]: 'x'.repeat(401) }).success).toBe(false);
    }
    expect(z.toJSONSchema(schema, { io: 'input' })).toMatchObject({
      properties: { reason: { type: 'string', minLength: 1, maxLength: 400 }, by: { maxLength: 100 } },
    });
  });
});
