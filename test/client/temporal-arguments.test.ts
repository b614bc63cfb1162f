import { defaultPayloadConverter } from '@temporalio/common';
import { expect, it } from 'vitest';
import { passFor, withServer } from '../../client/temporal-arguments.ts';
import { PASS_HEADER } from '../../contracts/pass.ts';
import { createPasses } from '../../runtime/guard/passes.ts';

const secret = 's'.repeat(40);

it.each([
  ['workflow start --type tradingCycle --workflow-id w --input {}', { kind: 'start', name: 'tradingCycle' }],
  ['workflow execute --type=tradingCycle -w w', { kind: 'start', name: 'tradingCycle' }],
  ['workflow signal --name halt --workflow-id=w', { kind: 'signal', name: 'halt' }],
  ['workflow signal-with-start --signal-name x --type tradingControl -w w', { kind: 'start', name: 'tradingControl' }],
  ['workflow update execute --name resume -w w --input {"a":1}', { kind: 'update', name: 'resume' }],
])('%s bears a pass', (line, expected) => {
  const [option, header = ''] = passFor(line.split(' '), secret);
  expect(option).toBe('--headers');
  const value: unknown = JSON.parse(header.slice(PASS_HEADER.length + 1));
  expect(value).toMatchObject({ ...expected, workflowId: 'w' });
  expect(createPasses(secret).read(defaultPayloadConverter.toPayload(value))).toEqual(value);
});

it.each(['workflow list', 'workflow start --type tradingCycle', 'workflow start -w w', 'operator cluster health', ''])(
  '%s bears none',
  (line) => {
    expect(passFor(line.split(' '), secret)).toEqual([]);
    expect(passFor(['workflow', 'start', '--type', 'x', '-w', 'w'], undefined)).toEqual([]);
  },
);

it('names the server and the namespace where the caller names none', () => {
  const access = { address: '127.0.0.1:7233', namespace: 'sapphire' };
  expect(withServer(['workflow', 'list'], access)).toEqual([
    'workflow',
    'list',
    '--address',
    '127.0.0.1:7233',
    '--namespace',
    'sapphire',
  ]);
  expect(withServer(['workflow', 'list', '-n', 'x', '--address=y'], access)).toEqual([
    'workflow',
    'list',
    '-n',
    'x',
    '--address=y',
  ]);
});
