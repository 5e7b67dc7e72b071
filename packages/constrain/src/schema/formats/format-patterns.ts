import { email, hostname, ipv4, ipv6 } from './address-patterns.js';
import { date, dateTime, duration, time } from './time-patterns.js';
import { uri, uriReference, uriTemplate } from './uri-patterns.js';

/*
 * The grammar library knows formats of its own. Some of its patterns let bare quotes and line breaks through, which are no
 * JSON, and most take values that are not of the format, or refuse some that are. So it never sees a format.
 */

/** Any character of a key, in RFC 6901's escapes. A quote and a backslash are named, as no class of a JSON string holds them. */
const jsonPointer = '(?:/(?:[^~/]|~[01]|"|\\\\)*)*';

const hex = '[0-9A-Fa-f]';

/** Formats of strings that are enforced, as regular expressions for the whole string. Others are annotations. */
export const formatPatterns: ReadonlyMap<unknown, string> = new Map([
  ['date', date],
  ['time', time],
  ['date-time', dateTime],
  ['duration', duration],
  ['email', email],
  ['hostname', hostname],
  ['ipv4', ipv4],
  ['ipv6', ipv6],
  ['uri', uri],
  ['uri-reference', uriReference],
  ['uri-template', uriTemplate],
  ['uuid', `${hex}{8}-(?:${hex}{4}-){3}${hex}{12}`],
  ['json-pointer', jsonPointer],
  ['relative-json-pointer', `(?:0|[1-9][0-9]*)(?:#|${jsonPointer})`],
]);
