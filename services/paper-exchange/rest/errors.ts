/** An answer that refuses, as Binance words it. Clients decide by `code`, some by the text as well. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: number;
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly data: unknown;
  constructor(code: number, message: string, status = 400, extra: { retryAfterSeconds?: number; data?: unknown } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfterSeconds = extra.retryAfterSeconds;
    this.data = extra.data;
  }

  body(): Record<string, unknown> {
    return { code: this.code, msg: this.message, ...(this.data === undefined ? {} : { data: this.data }) };
  }
}

export const refuse = {
  /** An error of our own. Where something was to be written it may or may not have been, which only the -1007 family tells a client. */
  failed: (writes: boolean) => (writes ? refuse.unknownExecution() : refuse.unknown()),
  unknown: () => new ApiError(-1000, 'An unknown error occurred while processing the request.', 500),
  unknownExecution: () =>
    new ApiError(
      -1007,
      'Timeout waiting for response from backend server. Send status unknown; execution status unknown.',
      503,
    ),
  foreign: (why: string) => new ApiError(-1002, `You are not authorized to execute this request: ${why}.`, 403),
  contentType: () => refuse.illegal('Content-Type', 'application/x-www-form-urlencoded'),
  tooLong: (limitBytes: number) =>
    new ApiError(-1101, `Too many parameters; expected a body of at most ${limitBytes} bytes.`, 413),
  malformed: (status: number, why: string) => new ApiError(-1000, `The request is malformed: ${why}.`, status),
  weight: (limit: number, retryAfterSeconds: number) =>
    new ApiError(
      -1003,
      `Too much request weight used; current limit is ${limit} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`,
      429,
      { retryAfterSeconds },
    ),
  banned: (until: number, retryAfterSeconds: number) =>
    new ApiError(
      -1003,
      `Way too much request weight used; IP banned until ${until}. Please use WebSocket Streams for live updates to avoid bans.`,
      418,
      { retryAfterSeconds },
    ),
  orders: (limit: number, retryAfterSeconds: number) =>
    new ApiError(-1015, `Too many new orders; current limit is ${limit} orders per 10 SECOND.`, 429, {
      retryAfterSeconds,
    }),
  outsideWindow: () => new ApiError(-1021, 'Timestamp for this request is outside of the recvWindow.'),
  ahead: () => new ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time."),
  signature: () => new ApiError(-1022, 'Signature for this request is not valid.'),
  illegal: (name: string, range: string) =>
    new ApiError(-1100, `Illegal characters found in parameter '${name}'; legal range is '${range}'.`),
  mandatory: (name: string) =>
    new ApiError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`),
  eitherMandatory: (one: string, other: string) =>
    new ApiError(-1102, `Param '${one}' or '${other}' must be sent, but both were empty/null!`),
  tooMany: (sent: number) => new ApiError(-1101, `Too many parameters; expected '0' and received '${sent}'.`),
  unread: (read: number, sent: number) =>
    new ApiError(-1104, `Not all sent parameters were read; read '${read}' parameter(s) but was sent '${sent}'.`),
  /** One of Binance's that this exchange has not: to take it and do without would be another order than the one that was meant. */
  unsupported: (name: string) => new ApiError(-1020, `This operation is not supported: parameter '${name}'.`),
  notRequired: (name: string) => new ApiError(-1106, `Parameter '${name}' sent when not required.`),
  precision: (name: string) => new ApiError(-1111, `Parameter '${name}' has too much precision.`),
  invalid: (name: string) => new ApiError(-1130, `Data sent for parameter '${name}' is not valid.`),
  timeInForce: () => new ApiError(-1115, 'Invalid timeInForce.'),
  orderType: () => new ApiError(-1116, 'Invalid orderType.'),
  side: () => new ApiError(-1117, 'Invalid side.'),
  interval: () => new ApiError(-1120, 'Invalid interval.'),
  symbol: () => new ApiError(-1121, 'Invalid symbol.'),
  listenKey: () => new ApiError(-1125, 'This listenKey does not exist.'),
  filter: (name: string) => new ApiError(-1013, `Filter failure: ${name}`),
  invalidMessage: (text: string) => new ApiError(-1013, text),
  rejected: (text: string) => new ApiError(-2010, text),
  unknownOrder: () => new ApiError(-2011, 'Unknown order sent.'),
  noSuchOrder: () => new ApiError(-2013, 'Order does not exist.'),
  keyFormat: () => new ApiError(-2014, 'API-key format invalid.', 401),
  key: () => new ApiError(-2015, 'Invalid API-key, IP, or permissions for action.', 401),
} as const;
