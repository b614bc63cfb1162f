import { alertOf } from '../bounds.ts';
import { orNone, serves } from './or-none.ts';
import { type Board, breakerStates, NEUTRAL } from './panel.ts';

export const agentPerformance: Board = {
  uid: 'agent-performance',
  title: 'Agent Performance',
  description:
    'Who gives signals, how fast, and what that costs. What signals were worth stands in "./sapphire agents scores".',
  rows: [
    {
      title: 'Signals',
      panels: [
        {
          title: 'Activity',
          description: 'Share of the last 50 cycles in which the agent gave a signal.',
          unit: 'percentunit',
          kind: 'timeseries',
          queries: [{ expr: 'max by (agent) (agent_activity_score)', legend: '{{agent}}' }],
        },
        {
          title: 'Opinions',
          description: 'Opinions a minute by direction; an abstention is one, too.',
          unit: 'short',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'TradingNoSignals' })],
          steps: NEUTRAL,
          queries: [
            {
              expr: '60 * sum by (agent, side) (rate(trading_signals_total[$__rate_interval]))',
              legend: '{{agent}} {{side}}',
            },
          ],
        },
        {
          title: 'Availability',
          description: 'Whether the agent answered in the last cycle, or is set up and failed.',
          unit: 'short',
          kind: 'state-timeline',
          states: { 0: ['failed', 'red'], 1: ['answered', 'green'] },
          alerts: [alertOf({ alertname: 'TradingAgentUnavailable' })],
          queries: [{ expr: 'max by (agent) (agent_availability)', legend: '{{agent}}' }],
        },
        {
          title: 'Time to answer, 95th percentile',
          description: 'The deadline of the policy cuts off what is slower.',
          unit: 's',
          kind: 'timeseries',
          queries: [
            {
              expr: 'histogram_quantile(0.95, sum by (agent, le) (rate(agent_answer_duration_seconds_bucket[$__rate_interval])))',
              legend: '{{agent}}',
            },
          ],
        },
        {
          title: 'Time to the consensus, 95th percentile',
          description: 'By the coordinator, or by the cycle itself while the coordinator is away.',
          unit: 's',
          kind: 'timeseries',
          queries: [
            {
              expr: 'histogram_quantile(0.95, sum by (by, le) (rate(consensus_duration_seconds_bucket[$__rate_interval])))',
              legend: '{{by}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Language models',
      panels: [
        {
          title: 'Cost of a day',
          description: 'US dollars in the last 24 hours, by agent. Nothing without keys.',
          unit: 'currencyUSD',
          kind: 'timeseries',
          queries: [
            {
              expr: orNone('sum by (agent) (increase(llm_cost_usd_total[1d]))', serves('agents')),
              legend: '{{agent}}',
            },
          ],
        },
        {
          title: 'Cost of a month',
          description: 'US dollars in 30 days, at the rate of the last day. Nothing without keys.',
          unit: 'currencyUSD',
          kind: 'stat',
          alerts: [alertOf({ alertname: 'TradingModelCostForecast' })],
          queries: [
            { expr: orNone('30 * sum(increase(llm_cost_usd_total[1d]))', serves('agents')), legend: 'all agents' },
          ],
        },
        {
          title: 'Tokens',
          description: 'Tokens a minute by agent and kind. Nothing without keys.',
          unit: 'short',
          kind: 'timeseries',
          queries: [
            {
              expr: orNone('60 * sum by (agent, kind) (rate(llm_tokens_total[$__rate_interval]))', serves('agents')),
              legend: '{{agent}} {{kind}}',
            },
          ],
        },
        {
          title: 'Answers put right',
          description:
            'Views of a day that counted though something in their form was wrong, by what it was. Nothing while all are as asked.',
          unit: 'short',
          kind: 'timeseries',
          queries: [
            {
              expr: orNone('sum by (agent, slip) (increase(llm_salvaged_total[1d]))', serves('agents')),
              legend: '{{agent}} {{slip}}',
            },
          ],
        },
        {
          title: 'Breakers of the agents',
          description: 'While a breaker is open its provider is left alone.',
          unit: 'short',
          kind: 'state-timeline',
          states: breakerStates,
          alerts: [alertOf({ alertname: 'TradingCircuitBreakerOpen', dependency: 'optional' })],
          queries: [{ expr: 'max by (breaker) (circuit_breaker_state{service="agents"})', legend: '{{breaker}}' }],
        },
      ],
    },
  ],
};
