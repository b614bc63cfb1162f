import { afterEach } from 'vitest';
import type { Agent } from '../../trading/agents/port.ts';
import { agentFrom, DEEPSEEK_KEY } from './agents.ts';
import { type ChatRequest, type FakeProvider, type Reply, startFakeProvider } from './fake-provider.ts';

const open: FakeProvider[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((provider) => provider.close()));
});

/** A fake that ends with the test. */
export async function provide(reply: (request: ChatRequest, index: number) => Reply): Promise<FakeProvider> {
  const provider = await startFakeProvider(reply);
  open.push(provider);
  return provider;
}

export function deepseekAt(baseUrl: string, settings: Record<string, unknown> = {}): Agent {
  return agentFrom('deepseek', { deepseek: { baseUrl, ...settings } }, { deepseekApiKey: DEEPSEEK_KEY });
}
