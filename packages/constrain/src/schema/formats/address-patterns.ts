const byte = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';

/** Four bytes without leading zeros, which some read as octal. */
export const ipv4 = `(?:${byte}\\.){3}${byte}`;

const group = '[0-9A-Fa-f]{1,4}';
const lastGroups = `(?:${group}:${group}|${ipv4})`;

/** The addresses of RFC 3986, by the groups after the double colon; as many stand before it at most as are left. */
export const ipv6 = `(?:${[
  `(?:${group}:){6}${lastGroups}`,
  `::(?:${group}:){5}${lastGroups}`,
  `${groupsUpTo(1)}::(?:${group}:){4}${lastGroups}`,
  `${groupsUpTo(2)}::(?:${group}:){3}${lastGroups}`,
  `${groupsUpTo(3)}::(?:${group}:){2}${lastGroups}`,
  `${groupsUpTo(4)}::${group}:${lastGroups}`,
  `${groupsUpTo(5)}::${lastGroups}`,
  `${groupsUpTo(6)}::${group}`,
  `${groupsUpTo(7)}::`,
].join('|')})`;

function groupsUpTo(count: number): string {
  return count === 1 ? `(?:${group})?` : `(?:(?:${group}:){0,${count - 1}}${group})?`;
}

const letterOrDigit = '[A-Za-z0-9]';

const shortLabel = `${letterOrDigit}(?:[A-Za-z0-9\\-]{0,28}${letterOrDigit})?`;

/**
 * Names of 253 characters at most, of labels of 63 at most: letters, digits, and hyphens inside. To count both at once would
 * take a state for each pair of counts, and each takes time to compile, so a name has eight labels of 30 characters.
 */
export const hostname = `(?:${shortLabel}\\.){0,7}${shortLabel}`;

const label = `${letterOrDigit}(?:[A-Za-z0-9\\-]*${letterOrDigit})?`;
const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-]+";

/** Atoms between dots, at a domain of two labels or more: what mail is sent to, without quoted names and bare addresses. */
export const email = `${atom}(?:\\.${atom})*@(?:${label}\\.)+${label}`;
