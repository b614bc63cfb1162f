import type { Tagged } from '../../domain/money/tagged.ts';

/** A value whose texts need no kind, as a test writes them. What a function of it is called with bears them. */
export type Plain<T> =
  T extends Tagged<string, string>
    ? string
    : T extends (...given: infer Given) => infer Result
      ? (...given: Given) => Plain<Result>
      : T extends object
        ? { [Key in keyof T]: Plain<T[Key]> }
        : T;

/** The same functions for tests: what they are called with needs no kind. */
export type Taking<T> = T extends (...given: infer Given) => infer Result
  ? (...given: { [Place in keyof Given]: Plain<Given[Place]> }) => Result
  : T extends object
    ? { [Key in keyof T]: Taking<T[Key]> }
    : T;

/** A value of these kinds, written without them. */
export function typed<T>(plain: Plain<T>): T {
  return plain as T;
}
