const NUMBER = /^\d+(\.\d+)?(e\+?\d{1,2})?$/i;
/** Groups: date, time to the second, fraction, zone's sign with hours, its minutes. */
const DATE =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?(?: ?(?:Z|UTC|GMT|([+-]\d\d)(?::?(\d\d))?))?)?$/i;

/**
 * UTC milliseconds of a time as files hold it: a number (seconds to nanoseconds, by its size) or a date in ISO form with a blank or a T, any
 * fraction of a second, and a zone as pandas (`+00:00`), DuckDB (`+00`, `-05`, `+05:30`) and others write it. Without a zone it is UTC.
 * `undefined` for what is neither, a day that no calendar has among it.
 */
export function timeOf(text: string): number | undefined {
  if (NUMBER.test(text)) {
    let value = Number(text);
    if (value < 100_000_000_000) value *= 1_000;
    while (value > 100_000_000_000_000) value /= 1_000;
    return Math.floor(value);
  }
  const [, day, time = '00:00', fraction = '', hours = '+00', minutes = '00'] = DATE.exec(text) ?? [];
  if (day === undefined) return undefined;
  const seconds = time.length === 'hh:mm'.length ? ':00' : '';
  const at = Date.parse(`${day}T${time}${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${hours}:${minutes}`);
  if (Number.isNaN(at)) return undefined;
  // Date.parse takes the 30th of February for the 2nd of March.
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? at : undefined;
}
