import { regexes } from 'zod/v4/core';
import * as asking from '../contracts/asking.ts';
import * as faults from '../contracts/config/faults.ts';
import * as keys from '../contracts/config/keys.ts';
import * as kinds from '../contracts/config/kinds.ts';
import * as sentences from '../contracts/config/sentences.ts';
import * as control from '../contracts/control.ts';
import * as correlation from '../contracts/correlation.ts';
import * as cycle from '../contracts/cycle.ts';
import * as decimalText from '../contracts/decimal-text.ts';
import * as ids from '../contracts/ids.ts';
import * as inputs from '../contracts/inputs.ts';
import * as order from '../contracts/order.ts';
import * as pass from '../contracts/pass.ts';
import * as protection from '../contracts/protection.ts';
import * as text from '../contracts/text.ts';
import * as money from '../domain/money/money.ts';

/**
 * What a worker evaluates once, and not for each workflow anew: messages and rules, which keep no state. The bundle alone may load it.
 *
 * The SDK freezes all that is exported here, to the bottom, but for what is frozen already; a schema completes itself when it is first used,
 * and an expression counts where it stands. So each module is closed here at its surface.
 */
for (const module of [
  regexes,
  asking,
  faults,
  keys,
  kinds,
  sentences,
  control,
  correlation,
  cycle,
  decimalText,
  ids,
  inputs,
  order,
  pass,
  protection,
  text,
  money,
]) {
  Object.freeze(module);
}
