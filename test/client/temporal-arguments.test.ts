import { defaultPayloadConverter } from '@temporalio/common';
import { expect, it } from 'vitest';
import { passFor, withServer } from '../../client/controls/temporal-arguments.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { PASS_HEADER } from '../../contracts/pass.ts';
import { createPasses } from '../../runtime/guard/passes.ts';

const secret = 's'.repeat(40);

it.each([
  ['workflow start --type tradingCycle --workflow-id w --input {}', { kind: 'start', name: 'tradingCycle' }],
  ['workflow execute --type=tradingCycle -w w', { kind: 'start', name: 'tradingCycle' }],
  ['workflow signal-with-start --signal-name x --type tradingControl -w w', { kind: 'start', name: 'tradingControl' }],
  ['--namespace x workflow start --type tradingCycle -w w', { kind: 'start', name: 'tradingCycle' }],
  ['workflow -n x --tls start --type tradingCycle -w w', { kind: 'start', name: 'tradingCycle' }],
  ['--namespace=x --address y workflow start --type tradingCycle -w w', { kind: 'start', name: 'tradingCycle' }],
  ['workflow update execute --name resume -w w --input {"a":1}', { kind: 'update', name: 'resume' }],
])('%s bears a pass', (line, expected) => {
  const [option, header = ''] = passFor(line.split(' '), secret);
  expect(option).toBe('--headers');
  const value: unknown = JSON.parse(header.slice(PASS_HEADER.length + 1));
  expect(value).toMatchObject({ ...expected, workflowId: 'w' });
  expect(createPasses(secret).read(defaultPayloadConverter.toPayload(value))).toEqual(value);
});

it.each([
  'workflow list',
  'workflow list --query workflow',
  '--namespace x operator cluster health',
  'workflow start --help',
  'workflow describe -w start',
  'workflow --help',
  'workflow signal --name halt -w w --input {bad',
  'workflow signal --name emergencyStop --query x',
  '',
])('%s bears none', (line) => {
  expect(passFor(line.split(' '), secret)).toEqual([]);
});

it('there is none before the secret was made', () => {
  expect(passFor(['workflow', 'start', '--type', 'x', '-w', 'w'], undefined)).toEqual([]);
});

it.each([
  ['workflow start --type tradingCycle', 'workflow start', /give it with --workflow-id/],
  ['workflow execute --type tradingCycle --workflow-id=', 'workflow execute', /give it with --workflow-id/],
  ['workflow start -w w', 'workflow start', /give it with --type/],
  ['workflow update start --name resume', 'workflow update start', /give it with --workflow-id/],
  ['workflow update execute --name x -w w --input {bad', 'workflow update execute', /--input is not JSON/],
  ['workflow update execute --name x -w w --input 1 -i=2', 'workflow update execute', /it takes one --input/],
  ['workflow update execute --name x -w w --input-file f', 'workflow update execute', /not --input-file/],
  ['workflow update start --name x -w w --input 1 --input-meta=a=b', 'workflow update start', /not --input-meta/],
  ['--type x -w w workflow start', 'workflow start', /its own options stand behind its words/],
  ['workflow --name x update -w w execute', 'workflow update execute', /its own options stand behind its words/],
  ['--color workflow workflow start --type x', 'workflow start', /give it with --workflow-id/],
])('%s is refused, with the reason and the form', (line, command, reason) => {
  let refused: unknown;
  try {
    passFor(line.split(' '), secret);
  } catch (error) {
    refused = error;
  }
  expect(refused).toMatchObject({ name: 'UserError', code: 'PassForm', exitCode: ExitCode.usage });
  expect(String(refused)).toMatch(reason);
  expect(String(refused)).toContain(`The form is: ./sapphire temporal ${command} --`);
});

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
