import { parseSync } from 'vite';

/** One change of a file that a test should notice. Offsets are of UTF-16 code units. */
export interface Mutant {
  start: number;
  end: number;
  text: string;
}

interface Node {
  type: string;
  start: number;
  end: number;
  [field: string]: unknown;
}

const operators: Record<string, string> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '&&': '||',
  '||': '&&',
  '??': '&&',
};

/** Methods, of Decimal and of arrays, that are mistaken for each other. */
const pairs = [
  ['lessThan', 'lessThanOrEqualTo'],
  ['greaterThan', 'greaterThanOrEqualTo'],
  ['plus', 'minus'],
  ['times', 'div'],
  ['some', 'every'],
  ['min', 'max'],
  ['floor', 'ceil'],
] as const;
const methods = new Map<string, string>(
  pairs.flatMap(([one, other]) => [
    [one, other],
    [other, one],
  ]),
);

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

/** All mutants of a TypeScript source, from its first line on. Types have none: a change of theirs does nothing, or does not compile. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const found: Mutant[] = [];
  visit(parseSync(file, source).program as unknown as Node);
  return found.toSorted((a, b) => a.start - b.start);

  function visit(node: Node): void {
    if (node.type.startsWith('TS') && !isNode(node['expression'])) return;
    if (node.type === 'ImportDeclaration') return;
    found.push(...mutantsAt(node, source));
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child);
    }
  }
}

function mutantsAt(node: Node, source: string): Mutant[] {
  const { left, right, operator, test, value, argument, callee } = node;
  const replaced = ({ start, end }: Node, text: string): Mutant => ({ start, end, text });
  switch (node.type) {
    case 'BinaryExpression':
    case 'LogicalExpression': {
      if (!isNode(left) || !isNode(right)) return [];
      const [sign, other] = [String(operator), operators[String(operator)]];
      const start = source.indexOf(sign, left.end);
      return other === undefined || start === -1 ? [] : [{ start, end: start + sign.length, text: other }];
    }
    case 'IfStatement':
    case 'ConditionalExpression':
      return isNode(test) ? [replaced(test, 'true'), replaced(test, 'false')] : [];
    case 'UnaryExpression':
      return operator === '!' && isNode(argument) ? [replaced(node, source.slice(argument.start, argument.end))] : [];
    case 'CallExpression': {
      const called = isNode(callee) ? callee['property'] : undefined;
      const other = isNode(called) ? methods.get(source.slice(called.start, called.end)) : undefined;
      return isNode(called) && other !== undefined ? [replaced(called, other)] : [];
    }
    case 'Literal':
      if (typeof value === 'number') return [replaced(node, String(value + 1))];
      return typeof value === 'boolean' ? [replaced(node, String(!value))] : [];
    default:
      return [];
  }
}

export function applied(source: string, { start, end, text }: Mutant): string {
  return source.slice(0, start) + text + source.slice(end);
}
