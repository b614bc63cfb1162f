import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AddTools, addRule, exampleRule, writeExample } from '../../client/controls/rule-files.ts';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { createBaseline } from '../../trading/agents/baseline/baseline.ts';
import { createRules, forgetRule, keepRule, readRule } from '../../trading/agents/rules/kept-rules.ts';
import { createRuleAgent } from '../../trading/agents/rules/rule-agent.ts';
import { viewOf } from '../../trading/agents/rules/view.ts';
import { askVoices, type VoiceTools } from '../../trading/agents/voices.ts';
import { type TermsSources, termsOfCycle } from '../../trading/decide/terms.ts';
import { noBuffer } from '../agents/agents.ts';
import { healthyRequest, hostileSnapshots, TAKEN_AT } from '../agents/market.ts';
import { temporaryFolder, temporaryJournal } from '../support/books.ts';

const why = { by: 'me', reason: 'a test' };
const SHA = 'a'.repeat(64);
const configuration = parseConfiguration({}, 'a test');

let journal: Awaited<ReturnType<typeof temporaryJournal>>;
let folder: string;
beforeEach(async () => {
  folder = temporaryFolder();
  journal = await temporaryJournal();
  await journal.participation.seed(perAgent(defaultParticipation));
  await journal.policy.adopt('main', configuredPolicy(configuration));
});
afterEach(async () => {
  await journal.close();
  rmSync(folder, { recursive: true, force: true });
});

const add = (sha256 = SHA) =>
  journal.guests.addFile({ requestId: sha256, agentId: 'mine', sha256, settings: { enabled: true }, ...why });
const terms = () => {
  const sources = { journal, configuration, now: Date.now } as unknown as TermsSources;
  return termsOfCycle(sources, {}, { startedAt: Date.now(), expiresAt: undefined });
};

describe('a cycle', () => {
  it('asks a rule that was added, where no other agent waits for it, and hears no guest in its place', async () => {
    await add();
    expect(await terms()).toMatchObject({ models: [{ agentId: 'mine', seat: 'baseline' }], guests: [] });
    await journal.participation.change({ requestId: 'off', agentId: 'mine', settings: { enabled: false }, ...why });
    expect(await terms()).toMatchObject({ models: [], guests: [] });
  });

  it('asks it no more once it was removed', async () => {
    await add();
    await journal.guests.revoke({ requestId: 'end', agentId: 'mine', ...why });
    expect(await terms()).toMatchObject({ models: [], guests: [] });
  });
});

it('a rule that loops without end, or ends its process, costs no other agent its voice', {
  timeout: 60_000,
}, async () => {
  const hostile = (agentId: string, body: string) => {
    const file = join(folder, `${agentId}.mts`);
    writeFileSync(file, `export default { name: '${agentId}', decide() { ${body} } };`);
    return createRuleAgent({ agentId, file, sha256: SHA });
  };
  const rules = [hostile('endless', 'for (;;);'), hostile('leaving', 'process.exit(0);')];
  for (const { id } of rules) {
    await journal.guests.addFile({ requestId: id, agentId: id, sha256: SHA, settings: { role: 'voter' }, ...why });
  }
  const tools: VoiceTools = {
    agents: { baseline: createBaseline() },
    ruleOf: async (agentId) => rules.find(({ id }) => id === agentId),
    readSnapshot: noBuffer,
    logger: createLogger({ process: 'test', level: 'fatal' }),
    journal,
    now: Date.now,
  };
  const { snapshot, ...question } = healthyRequest();
  const symbols = snapshot.symbols.map(({ instrument: { symbol } }) => symbol);
  const answers = await askVoices(tools, { ...(await terms()), symbols }, { ...question, snapshot });
  const of = (agentId: string) => answers.find((answer) => answer.agentId === agentId)?.opinions;
  expect(of('baseline')).toMatchObject(symbols.map((symbol) => ({ kind: 'signal', symbol })));
  expect(of('endless')).toMatchObject(symbols.map(() => ({ kind: 'abstention', reason: 'timeout' })));
  expect(of('leaving')).toMatchObject(symbols.map(() => ({ kind: 'abstention', reason: 'unavailable' })));
});

describe('the copy of a rule', () => {
  const file = (text: string, name = 'rule.ts') => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const kept = () => join(folder, 'kept');
  const answer = async () =>
    (await createRules(journal, kept())('mine'))?.answer(healthyRequest(), AbortSignal.timeout(1_000));

  it('is a module to Node whatever its user calls it, and its owner’s alone', () => {
    const read = readRule(file('export default 1;'));
    expect(read.sha256).toBe(createHash('sha256').update('export default 1;').digest('hex'));
    expect(keepRule(kept(), 'mine', read)).toBe(join(kept(), `mine.${read.sha256.slice(0, 12)}.mts`));
    expect(readRule(file('', 'rule.js')).extension).toBe('mjs');
  });

  it.each([
    ['rule.py', /ends in .ts, .mts, .js or .mjs/],
    ['none.ts', /none.ts cannot be read \(ENOENT\)/],
    ['large.ts', /has 300000 bytes/],
  ])('is not made of %s', (name, why) => {
    if (name === 'large.ts') file(' '.repeat(300_000), name);
    expect(() => readRule(join(folder, name))).toThrow(why);
  });

  it('of an earlier version goes, and the others’ stay', () => {
    const old = readRule(file('1;'));
    const young = readRule(file('2;'));
    for (const name of ['mine', 'mine-too']) keepRule(kept(), name, old);
    keepRule(kept(), 'mine', young);
    forgetRule(kept(), 'mine', young.sha256);
    expect(readdirSync(kept()).sort()).toEqual(
      [`mine.${young.sha256.slice(0, 12)}.mts`, `mine-too.${old.sha256.slice(0, 12)}.mts`].sort(),
    );
    forgetRule(kept(), 'mine');
    expect(readdirSync(kept())).toEqual([`mine-too.${old.sha256.slice(0, 12)}.mts`]);
  });

  it('is not run where it is missing, or not what was added', async () => {
    const read = readRule(file('export default 1;'));
    await add(read.sha256);
    expect((await answer())?.opinions[0]).toMatchObject({
      reason: 'not_configured',
      detail: expect.stringContaining('does not lie in'),
    });
    const path = keepRule(kept(), 'mine', read);
    chmodSync(path, 0o600);
    appendFileSync(path, '// and more');
    expect((await answer())?.opinions[0]).toMatchObject({
      reason: 'not_configured',
      detail: expect.stringContaining('is not what was added'),
    });
  });

  it('is nobody’s of a name that was not added', async () => {
    expect(await createRules(journal, kept())('stranger')).toBeUndefined();
  });
});

it('has the example on its page that the command writes, and writes nothing over', () => {
  expect(readFileSync('docs/own-agents.md', 'utf8')).toContain(exampleRule());
  const path = join(folder, 'momentum.ts');
  expect(writeExample(path)).toEqual([path, join(folder, 'sapphire.ts')]);
  expect(readFileSync(join(folder, 'sapphire.ts'), 'utf8')).toBe(readFileSync('contracts/rule-agent.ts', 'utf8'));
  expect(() => writeExample(path)).toThrow(/exists already/);
});

describe('adding a rule', () => {
  const tools = (mode: 'paper' | 'live' = 'paper'): AddTools => ({
    mode,
    folder: join(folder, 'kept'),
    horizonMs: 3_600_000,
    market: async () => ({ newest: async () => JSON.stringify(healthyRequest().snapshot) }),
    coordinator: async () => ({
      addFile: ({ requestId, agentId, sha256, by, reason, ...settings }) =>
        journal.guests.addFile({ requestId, agentId, sha256, by, reason, settings: { enabled: true, ...settings } }),
    }),
  });
  const request = (text: string, settings = {}) => {
    const path = join(folder, 'rule.ts');
    writeFileSync(path, text);
    return { path, settings, ...why };
  };

  it('tries it on the newest market, keeps its copy and tells the books', async () => {
    const added = await addRule(tools(), request(exampleRule()));
    expect(added).toMatchObject({ agentId: 'momentum', change: { after: { role: 'shadow' } } });
    expect(added.trial?.opinions.map(({ symbol }) => symbol)).toEqual(['BTC/USDT', 'ETH/USDT']);
    expect(readdirSync(join(folder, 'kept'))).toEqual([`momentum.${added.version}.mts`]);
    const again = await addRule(tools(), { ...request(`${exampleRule()}// edited`), name: 'momentum' });
    expect(again.version).not.toBe(added.version);
    expect(readdirSync(join(folder, 'kept'))).toEqual([`momentum.${again.version}.mts`]);
  });

  it.each([
    ['export default { name: "mine" decide() {} }', /rule.ts was not added. It failed at line 1: SyntaxError/],
    ['export default { name: "mine", decide: () => 7 };', /was not added. On BTC\/USDT: decide answered neither/],
  ])('leaves nothing of %s', async (text, said) => {
    await expect(addRule(tools(), request(text))).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringMatching(said),
    });
    expect(existsSync(join(folder, 'kept'))).toBe(false);
    expect(await journal.guests.files()).toEqual([]);
  });

  it('gives no vote with real money before one was earned', async () => {
    await expect(addRule(tools('live'), request(exampleRule(), { role: 'voter' }))).rejects.toMatchObject({
      code: 'Refused',
    });
    expect((await addRule(tools('live'), request(exampleRule()))).change.after.role).toBe('shadow');
  });
});

describe('the view of a rule', () => {
  it('ends with the last candle that had ended, whatever runs', () => {
    const [seen] = healthyRequest().snapshot.symbols;
    if (!seen) throw new Error('no symbol');
    const last = seen.candles.at(-1);
    if (!last) throw new Error('no candle');
    const running = { ...last, openAt: TAKEN_AT - 30_000 };
    const view = viewOf({ ...seen, candles: [...seen.candles, running] }, TAKEN_AT, 3_600_000);
    expect(view).toEqual(viewOf(seen, TAKEN_AT, 3_600_000));
    expect(view).toMatchObject({ symbol: 'BTC/USDT', at: TAKEN_AT, horizonMinutes: 60, features: { imbalance: 0 } });
    expect(view).not.toHaveProperty('account');
  });

  it.each(Object.entries(hostileSnapshots()))('has finite numbers alone, or there is none, of %s', (_name, seen) => {
    const view = viewOf(seen, TAKEN_AT, 3_600_000);
    if (typeof view === 'string') return;
    expect(JSON.stringify(view)).not.toContain('null');
  });
});
