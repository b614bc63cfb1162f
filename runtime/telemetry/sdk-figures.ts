/** What the Temporal SDK of this process counts of one of its queues, since its start. */
export interface QueueFigures {
  workflow: {
    /** Tasks that it has from the server and has not answered. */
    held: number;
    done: number;
    /** Polls that came to an end, with a task or without. */
    polls: number;
  };
  activity: {
    /** Tasks that polls have brought. */
    received: number;
    /** Those that were handed to our code, and those beside them that came without a poll. */
    begun: number;
    polls: number;
  };
}

const HELD = 'temporal_worker_task_slots_used';
const DONE = [
  'temporal_workflow_task_execution_latency_seconds_count',
  'temporal_workflow_task_execution_failed_total',
];
const BEGUN = 'temporal_activity_schedule_to_start_latency_seconds_count';
const POLLS = 'temporal_long_request_latency_seconds_count';
const FAILED_POLLS = 'temporal_long_request_failure_total';
const EMPTY_POLLS = 'temporal_activity_poll_no_task_total';

interface Line {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** @param text the SDK's own metrics, as Prometheus text */
export function queueFigures(text: string, queue: string): QueueFigures {
  const lines = text.split('\n').flatMap(lineOf);
  const sum = (names: readonly string[], wanted: Readonly<Record<string, string>> = {}): number =>
    lines
      .filter(({ name, labels }) => names.includes(name) && labels['task_queue'] === queue)
      .filter(({ labels }) => Object.entries(wanted).every(([label, value]) => labels[label] === value))
      .reduce((total, { value }) => total + value, 0);
  const activityPoll = { operation: 'PollActivityTaskQueue' };
  const polls = sum([POLLS], activityPoll);
  return {
    workflow: {
      held: sum([HELD], { worker_type: 'WorkflowWorker' }),
      done: sum(DONE),
      polls: sum([POLLS], { operation: 'PollWorkflowTaskQueue' }),
    },
    activity: {
      received: polls - sum([FAILED_POLLS], activityPoll) - sum([EMPTY_POLLS]),
      begun: sum([BEGUN]),
      polls,
    },
  };
}

function lineOf(line: string): Line[] {
  const match = /^(temporal_\w+)\{(.*)\} ([\d.e+-]+)$/.exec(line);
  if (!match) return [];
  const [, name = '', labels = '', value = ''] = match;
  if (name.endsWith('_bucket')) return [];
  const parsed = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text]);
  return [{ name, labels: Object.fromEntries(parsed) as Record<string, string>, value: Number(value) }];
}
