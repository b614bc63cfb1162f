import { TestWorkflowEnvironment } from '@temporalio/testing';
export function startDevServer(): Promise<TestWorkflowEnvironment> {
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: '/tmp/lab/bin/temporal' },
      extraArgs: [
        '--dynamic-config-value',
        'history.transferProcessorMaxPollRPS=2000',
        '--dynamic-config-value',
        'history.timerProcessorMaxPollRPS=2000',
        '--dynamic-config-value',
        'history.timerProcessorMaxTimeShift="10ms"',
        '--search-attribute',
        'Account=Keyword',
        '--search-attribute',
        'Mode=Keyword',
        '--search-attribute',
        'Outcome=Keyword',
        '--search-attribute',
        'CycleId=Keyword',
        '--search-attribute',
        'Symbols=KeywordList',
        '--search-attribute',
        'HaltEpoch=Int',
      ],
    },
  });
}
