import type { WorkflowClientInterceptor, WorkflowStartInput } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { searchAttributes } from '../../contracts/search-attributes.ts';

const { name } = searchAttributes.symbols;

function withheld<Input extends Pick<WorkflowStartInput, 'options'>>(input: Input): Input {
  const { typedSearchAttributes: given, ...options } = input.options;
  if (given === undefined) return input;
  const pairs = given instanceof TypedSearchAttributes ? given.getAll() : given;
  return { ...input, options: { ...options, typedSearchAttributes: pairs.filter(({ key }) => key.name !== name) } };
}

/** As `workflow.ts`, for what a client starts. */
export const symbolsWithheld: WorkflowClientInterceptor = {
  startWithDetails: (input, next) => next(withheld(input)),
  signalWithStart: (input, next) => next(withheld(input)),
};
