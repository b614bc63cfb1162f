import type { WorkflowInterceptors } from '@temporalio/workflow';
import { searchAttributes } from '../../contracts/search-attributes.ts';

const { name } = searchAttributes.symbols;
type Fields = { indexedFields?: Record<string, unknown> | null } | null | undefined;

function withhold(fields: Fields): void {
  if (fields?.indexedFields) delete fields.indexedFields[name];
}

/** Search attributes are not encrypted, since the server searches by them: where payloads are, no workflow tells it its symbols. */
export function interceptors(): WorkflowInterceptors {
  return {
    internals: [
      {
        concludeActivation(input, next) {
          for (const { upsertWorkflowSearchAttributes: upsert, startChildWorkflowExecution: child } of input.commands) {
            withhold(upsert?.searchAttributes);
            withhold(child?.searchAttributes);
          }
          return next(input);
        },
      },
    ],
  };
}
