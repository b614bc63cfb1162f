import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pythonEnvironment } from '../../client/stack/python-environment.ts';
import { consensusSchema } from '../../contracts/consensus.ts';
import { participationSchema } from '../../contracts/participation.ts';
import { agentIds } from '../../domain/signals/agents.ts';
import { npmTools } from '../support/npm-tools.ts';
import { connectClient, type Harness, request, signal, startHarness, TOKEN } from './harness.ts';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));

let harness: Harness;
let tools: string;
let python: string;
let proxy: { url: string; server: Server };
beforeAll(async () => {
  harness = await startHarness();
  tools = await npmTools(join(here, 'tools'));
  python = await pythonEnvironment({
    name: 'mcp',
    lockFile: 'test/mcp-coordinator/requirements.lock',
    python: '>=3.11',
  });
  proxy = await startProxy(harness.url);
});
afterAll(async () => {
  proxy.server.closeAllConnections();
  await new Promise((resolve) => proxy.server.close(resolve));
  await harness.close();
});

/** The suite brings no token: this brings it in its place, and leaves everything else as it came. */
async function startProxy(target: string): Promise<{ url: string; server: Server }> {
  const { hostname, port, pathname } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${TOKEN}` };
    const forwarded = httpRequest({ hostname, port, path: pathname, method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/mcp` };
}

describe('the protocol’s conformance suite', () => {
  // Its other scenarios ask for tools, prompts and resources of a server made for the suite.
  it.each(['server-initialize', 'ping', 'tools-list', 'resources-list', 'dns-rebinding-protection'])(
    'passes %s',
    async (scenario) => {
      const suite = join(tools, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js');
      const { stdout } = await run(process.execPath, [suite, 'server', '--url', proxy.url, '--scenario', scenario], {
        cwd: tools,
      });
      const [, passed, total] = /Passed: (\d+)\/(\d+)/.exec(stdout) ?? [];
      expect(Number(total)).toBeGreaterThan(0);
      expect(passed).toBe(total);
    },
  );
});

describe('the Inspector’s command line', () => {
  const cliAnswer = z.looseObject({ structuredContent: z.unknown().optional(), isError: z.boolean().optional() });

  async function inspect(...args: string[]): Promise<unknown> {
    const inspector = join(tools, 'node_modules', '.bin', 'mcp-inspector');
    const connection = ['--cli', harness.url, '--transport', 'http', '--header', `Authorization: Bearer ${TOKEN}`];
    const { stdout } = await run(inspector, [...connection, ...args], {
      env: { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}` },
    });
    return JSON.parse(stdout);
  }

  it('lists the tools, calls one, and reads a resource', async () => {
    const listed = z
      .object({ tools: z.array(z.object({ name: z.string() })) })
      .parse(await inspect('--method', 'tools/list'));
    expect(listed.tools.map(({ name }) => name)).toContain('submit_signal');
    const answer = cliAnswer.parse(await inspect('--method', 'tools/call', '--tool-name', 'list_participation'));
    expect(participationSchema.parse(answer.structuredContent).agents).toHaveLength(agentIds.length);
    const read = await inspect('--method', 'resources/read', '--uri', 'agents://all');
    expect(JSON.stringify(read)).toContain('deepseek');
  });
});

describe('a seventh agent, in Python', () => {
  it('joins with a token and counts in the next consensus', async () => {
    const token = randomBytes(24).toString('hex');
    await harness.journal.guests.invite({
      requestId: 'python',
      agentId: 'seventh',
      tokenHash: createHash('sha256').update(token).digest('hex'),
      settings: { weight: 2, role: 'voter' },
      by: 'a test',
      reason: 'trial',
    });
    const { stdout } = await run(python, [join(here, 'seventh_agent.py')], {
      env: { ...process.env, SAPPHIRE_MCP_URL: harness.url, SAPPHIRE_MCP_TOKEN: token },
    });
    expect(JSON.parse(stdout)).toMatchObject({
      tools: expect.arrayContaining(['list_participation', 'submit_signal']),
      receipt: { agentId: 'seventh', received: [{ symbol: 'BTC/USDT', counts: true, note: '' }] },
      forbidden: true,
    });

    const [brought] = await harness.journal.guests.standing(0);
    if (!brought) throw new Error('no signal was kept');
    expect(brought.model).toBe('coin-toss');
    const takenAt = Date.now();
    const client = await connectClient(harness.url, 'auto');
    const { answers, ...question } = request('seventh', [
      signal('deepseek', { validUntilAt: takenAt + 60_000 }),
      brought.signal,
    ]);
    const formed = await client.callTool({ name: 'form_consensus', arguments: { ...question, takenAt, answers } });
    await client.close();
    const votes = consensusSchema.parse(formed.structuredContent).symbols[0]?.votes.filter(({ counted }) => counted);
    expect(votes?.map(({ agentId, weight }) => [agentId, Number(weight.toFixed(2))])).toEqual([
      // Shares of 0.4 and 0.6, times convictions of 0.5 and 0.1.
      ['deepseek', 0.77],
      ['seventh', 0.23],
    ]);
  });
});
