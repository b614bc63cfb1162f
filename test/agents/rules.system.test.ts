import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RuleFile } from '../../trading/agents/rules/rule-agent.ts';
import { createRuleAgent } from '../../trading/agents/rules/rule-agent.ts';
import { ask } from './agents.ts';
import { HORIZON_MS, healthyRequest, TAKEN_AT } from './market.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sapphire-rules-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let written = 0;
const file = (text: string, extension = 'mts'): RuleFile => {
  written += 1;
  const path = join(folder, `rule-${written}.${extension}`);
  writeFileSync(path, text);
  return { agentId: 'mine', file: path, sha256: 'ab'.repeat(32) };
};
const deciding = (body: string): RuleFile =>
  file(`export default { name: 'mine', decide(view, parameters) { ${body} } };`);
/** The machine's load is no rule's fault. */
const LIMITS = { withinMs: 50_000, cpuSeconds: 2 };
const answerOf = async (rule: RuleFile, limits = LIMITS) =>
  (await ask(createRuleAgent(rule, limits), healthyRequest(), { startToCloseTimeoutMs: 60_000 })).answer;

describe('a rule of somebody’s own', { timeout: 60_000 }, () => {
  it('answers each symbol from a view of what had ended, with its parameters, over its own horizon', async () => {
    const rule = file(`
      import type { RuleAgent } from './sapphire.ts';
      export default {
        name: 'momentum',
        horizonMinutes: 30,
        parameters: { candles: 10 },
        decide({ candles, features, at, symbol, book }, { candles: back }) {
          const last = candles.at(-1), first = candles.at(-back);
          if (!last || !first || last.openAt + 60_000 > at || !book.bids[0]) return { abstain: 'no candles' };
          return { expectedReturn: features.deviation / 10, conviction: 0.3, rationale: symbol + ' ' + (last.openAt - first.openAt) };
        },
      } satisfies RuleAgent<{ candles: number }>;`);
    const answer = await answerOf(rule);
    expect(answer).toMatchObject({ agentId: 'mine', model: 'momentum', version: 'ab'.repeat(6) });
    expect(answer.opinions).toHaveLength(healthyRequest().snapshot.symbols.length);
    for (const opinion of answer.opinions) {
      expect(opinion).toMatchObject({
        kind: 'signal',
        conviction: 0.3,
        horizonMs: 30 * 60_000,
        validUntilAt: TAKEN_AT + 30 * 60_000,
        rationale: `${opinion.symbol} ${9 * 60_000}`,
        evidence: ['candles 10'],
      });
    }
  });

  it('is asked about the decision’s horizon where it names none, in plain JavaScript as well', async () => {
    const rule = file(`export default { name: 'plain', decide: () => ({ expectedReturn: 0.001 }) };`, 'mjs');
    expect((await answerOf(rule)).opinions[0]).toMatchObject({ horizonMs: HORIZON_MS, conviction: 0.5 });
  });

  it('has nothing to say', async () => {
    expect((await answerOf(deciding(`return { abstain: 'no trend' };`))).opinions[0]).toMatchObject({
      reason: 'no_view',
      detail: 'no trend',
    });
  });

  it.each([
    [
      'a syntax error',
      () => file('export default {\n  name: "mine"\n  decide() {}\n};'),
      'unavailable',
      /^It failed at line 3: SyntaxError: Expected ','/,
    ],
    [
      'the same in JavaScript',
      () => file('export default {\n  name: "mine"\n  decide() {}\n};', 'mjs'),
      'unavailable',
      /at line 3: SyntaxError: Unexpected identifier/,
    ],
    [
      'types that do more than say',
      () => file('\nenum A { B }\nexport default { name: "mine", decide() {} };'),
      'unavailable',
      /at line 2: .*enum is not supported.*no enum/,
    ],
    [
      'no default export',
      () => file('export const rule = { decide() {} };'),
      'unavailable',
      /no default export.*it exports rule/,
    ],
    ['no export', () => file('const rule = 1;'), 'unavailable', /it exports nothing/],
    ['no name', () => file('export default { decide() {} };'), 'invalid_answer', /not a rule: rule.name/],
    [
      'an import of another file',
      () => file('import { x } from "./helper.ts";\nexport default { name: "mine", decide() {} };'),
      'unavailable',
      /imports helper.ts, and a rule is one file/,
    ],
    [
      'an error at its loading',
      () => file('\n\nthrow new TypeError("no luck");'),
      'unavailable',
      /at line 3: TypeError: no luck/,
    ],
    [
      'an error of its answer',
      () => deciding('return view.nothing.there;'),
      'invalid_answer',
      /decide threw TypeError: Cannot read/,
    ],
    ['no answer', () => deciding(''), 'invalid_answer', /returned nothing/],
    [
      'a promise',
      () => deciding('return Promise.resolve({ expectedReturn: 0 });'),
      'invalid_answer',
      /returned a promise/,
    ],
    [
      'not a number',
      () => deciding('return { expectedReturn: NaN };'),
      'invalid_answer',
      /expectedReturn: must be a finite number/,
    ],
    ['a number out of bounds', () => deciding('return { expectedReturn: 7 };'), 'invalid_answer', /expectedReturn: /],
    ['words of its own', () => deciding('return { expectedReturn: 0, quantity: "1" };'), 'invalid_answer', /quantity/],
    [
      'a file that it reads',
      () => file('import { readFileSync } from "node:fs";\nreadFileSync("/etc/hostname");'),
      'unavailable',
      /at line 2: it touches a file/,
    ],
    [
      'a program that it starts',
      () => file('import { execSync } from "node:child_process";\nexecSync("true");'),
      'unavailable',
      /touches a file, a program/,
    ],
    [
      'an end of its own',
      () => deciding('process.exit(0);'),
      'unavailable',
      /ended its process \(exit code 0\) before it answered/,
    ],
    [
      'a signal to itself',
      () => deciding('process.kill(process.pid, "SIGTERM"); for (;;);'),
      'unavailable',
      /ended its process \(SIGTERM\)/,
    ],
    [
      'objects without end',
      () => deciding('const all = []; for (;;) all.push(new Array(1_000).fill(Math.random()));'),
      'unavailable',
      /more memory than the 128 MB/,
    ],
    [
      'buffers without end',
      () => deciding('const all = []; for (;;) all.push(Buffer.alloc(1e7, 1));'),
      expect.stringMatching(/^(unavailable|invalid_answer)$/),
      /more memory|allocat/,
    ],
    ['a loop without end', () => deciding('for (;;);'), 'timeout', /computed for more than 2 s/],
    ['a loop without end at its loading', () => file('for (;;);'), 'timeout', /computed for more than 2 s/],
    [
      'JSON made otherwise',
      () => file('JSON.stringify = () => "{}"; export default { name: "mine", decide() {} };'),
      'invalid_answer',
      /./,
    ],
    ['an answer of megabytes', () => deciding('return { abstain: "x".repeat(3e6) };'), 'invalid_answer', /bytes/],
  ] as const)('abstains with its cause for %s', async (_what, rule, reason, detail) => {
    const { opinions } = await answerOf(rule());
    expect(opinions).not.toHaveLength(0);
    for (const opinion of opinions) {
      expect(opinion).toMatchObject({ kind: 'abstention', reason });
      expect(opinion.kind === 'abstention' && opinion.detail).toMatch(detail);
    }
  });

  it('is late where it sleeps', async () => {
    const { opinions } = await answerOf(file('await new Promise((done) => setTimeout(done, 60_000));'), {
      withinMs: 700,
      cpuSeconds: 2,
    });
    expect(opinions[0]).toMatchObject({ reason: 'timeout', detail: 'It did not answer within 0.7 s.' });
  });

  it('has no say any more after its answer: what it throws later is its own', async () => {
    const rule = file(`export default { name: 'mine', decide() {
      setTimeout(() => { throw new Error('later'); }, 0);
      return { expectedReturn: 0.001 };
    } };`);
    expect((await answerOf(rule)).opinions[0]).toMatchObject({ kind: 'signal' });
  });

  it('changes no prototype but its own process’s, and sees no environment', async () => {
    process.env['A_SECRET_OF_THE_TEST'] = 'sesame';
    const rule = file(`
      Object.prototype.kind = 'signal'; Array.prototype.map = () => []; Object.prototype.agentId = 'deepseek';
      export default { name: 'mine', decide: () => ({ abstain: JSON.stringify(Object.keys(process.env)) }) };`);
    const { opinions } = await answerOf(rule);
    delete process.env['A_SECRET_OF_THE_TEST'];
    expect(opinions[0]).toMatchObject({ kind: 'abstention' });
    expect(JSON.stringify(opinions)).not.toContain('A_SECRET_OF_THE_TEST');
    expect(({} as Record<string, unknown>)['agentId']).toBeUndefined();
    const plain = deciding('return { abstain: JSON.stringify(Object.keys(process.env)) };');
    expect((await answerOf(plain)).opinions[0]).toMatchObject({
      reason: 'no_view',
      detail: expect.not.stringContaining('SECRET'),
    });
  });
});
