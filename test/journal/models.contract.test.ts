import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Journal } from '../../stores/journal/port.ts';
import { training } from '../support/training.ts';
import { type Adapter, adapterNames, booksOver, opener, startAdapter } from './adapters.ts';

describe.each(adapterNames)('versions of models in %s', (name) => {
  let adapter: Adapter;
  let journal: Journal;
  beforeAll(async () => {
    adapter = await startAdapter(name);
    journal = await booksOver(await opener(name, await adapter.place())());
  }, 60_000);
  afterAll(async () => {
    await journal?.close();
    await adapter?.stop();
  });

  it('begin as shadows, once for the same weights', async () => {
    const first = await journal.models.register({ training: training('a'), by: 'me', reason: 'trained' });
    expect(first).toMatchObject({
      agentId: 'lag-llama-aaaaaaaa',
      state: 'shadow',
      weights: { file: `${'a'.repeat(64)}.safetensors` },
    });
    expect(await journal.models.register({ training: training('a'), by: 'other', reason: 'again' })).toEqual(first);
    const { agents } = await journal.participation.read();
    expect(agents['lag-llama-aaaaaaaa']).toMatchObject({ enabled: true, role: 'shadow', group: 'forecasters' });
  });

  it('vote when they are promoted, and are asked no more when they are retired', async () => {
    const agentId = 'lag-llama-aaaaaaaa';
    const roleOf = async () => (await journal.participation.read()).agents[agentId];
    await journal.models.promote({ agentId, by: 'scoring', reason: 'skill' });
    expect(await roleOf()).toMatchObject({ enabled: true, role: 'voter' });
    await journal.models.retire({ agentId, by: 'me', reason: 'old' });
    expect(await roleOf()).toMatchObject({ enabled: false });
    expect((await journal.models.register({ training: training('a'), by: 'me', reason: 'back' })).state).toBe('shadow');
    expect(await roleOf()).toMatchObject({ enabled: true, role: 'shadow' });
    await expect(journal.models.promote({ agentId: 'lag-llama-none', by: 'me', reason: 'x' })).rejects.toThrow(
      './sapphire models list',
    );
    const kinds = (await journal.audit.after(0, 100))
      .map(({ kind }) => kind)
      .filter((kind) => kind.startsWith('model.'));
    expect(kinds).toEqual(['model.registered', 'model.promoted', 'model.retired', 'model.registered']);
  });

  it('keep their names from guests', async () => {
    const request = {
      requestId: 'g',
      agentId: 'lag-llama-aaaaaaaa',
      tokenHash: 'h',
      settings: {},
      by: 'me',
      reason: 'x',
    };
    await expect(journal.guests.invite(request)).rejects.toThrow('of Sapphire’s own'.replace('’', "'"));
  });

  it('begin a trial with each time that they are shadows', async () => {
    const { models } = journal;
    const { agentId, trial } = await models.register({ training: training('c'), by: 'me', reason: 'trained' });
    expect(trial).toMatchObject({ count: 1, lookedAt: 0, movedBy: 'me' });
    const trialOf = async () => (await models.list()).find((each) => each.agentId === agentId)?.trial;
    await models.look({ agentId, at: 5_000, renew: false });
    expect(await trialOf()).toEqual({ ...trial, lookedAt: 5_000 });
    await models.look({ agentId, at: 6_000, renew: true });
    expect(await trialOf()).toEqual({ since: 6_000, count: 2, lookedAt: 6_000, movedBy: 'me' });
    await models.promote({ agentId, by: 'scoring', reason: 'skill' });
    expect(await trialOf()).toMatchObject({ count: 2, movedBy: 'scoring' });
    const back = await models.returnToShadow({ agentId, by: 'scoring', reason: 'no skill' });
    expect(back).toMatchObject({ state: 'shadow', trial: { count: 3, movedBy: 'scoring' } });
    expect((await journal.participation.read()).agents[agentId]).toMatchObject({ enabled: true, role: 'shadow' });
    await models.returnToShadow({ agentId, by: 'scoring', reason: 'again' });
    expect(await trialOf()).toMatchObject({ count: 3 });
    const kinds = (await journal.audit.after(0, 100)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'model.returned')).toHaveLength(1);
  });
});
