import { expect, it } from 'vitest';
import { queueFigures } from '../../../runtime/telemetry/sdk-figures.ts';

const text = `# HELP temporal_worker_task_slots_used Used
# TYPE temporal_worker_task_slots_used gauge
temporal_worker_task_slots_used{namespace="default",service_name="temporal-core-sdk",task_queue="control",worker_type="ActivityWorker"} 3
temporal_worker_task_slots_used{namespace="default",service_name="temporal-core-sdk",task_queue="control",worker_type="WorkflowWorker"} 2
temporal_worker_task_slots_used{namespace="default",service_name="temporal-core-sdk",task_queue="other",worker_type="WorkflowWorker"} 40
temporal_workflow_task_execution_latency_seconds_bucket{task_queue="control",workflow_type="reconcile",le="0.1"} 90
temporal_workflow_task_execution_latency_seconds_count{task_queue="control",workflow_type="reconcile"} 10
temporal_workflow_task_execution_latency_seconds_count{task_queue="control",workflow_type="protectPosition"} 7
temporal_workflow_task_execution_failed_total{failure_reason="NonDeterminismError",task_queue="control",workflow_type="reconcile"} 1
temporal_activity_schedule_to_start_latency_seconds_count{task_queue="control"} 4
temporal_long_request_latency_seconds_count{operation="PollActivityTaskQueue",task_queue="control"} 18
temporal_long_request_latency_seconds_count{operation="PollWorkflowTaskQueue",task_queue="control"} 30
temporal_long_request_failure_total{operation="PollActivityTaskQueue",status_code="UNAVAILABLE",task_queue="control"} 2
temporal_long_request_failure_total{operation="PollActivityTaskQueue",status_code="CANCELLED",task_queue="control"} 1
temporal_activity_poll_no_task_total{task_queue="control"} 10
`;

it('tells what the SDK counts of one queue, as it writes it', () => {
  expect(queueFigures(text, 'control')).toEqual({
    workflow: { held: 2, done: 18, polls: 30 },
    activity: { received: 5, begun: 4, polls: 18 },
  });
});

it('counts nothing of a queue that it does not know yet', () => {
  expect(queueFigures('', 'control')).toEqual({
    workflow: { held: 0, done: 0, polls: 0 },
    activity: { received: 0, begun: 0, polls: 0 },
  });
});
