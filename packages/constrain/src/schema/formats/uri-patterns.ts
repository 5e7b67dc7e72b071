import { ipv6 } from './address-patterns.js';

/*
 * The rules of RFC 3986 and RFC 6570, under the names that they have there.
 */

const percentEncoded = '%[0-9A-Fa-f]{2}';

/** Characters that stand for themselves, and others in percent encoding. */
function characters(more: string): string {
  return `(?:[A-Za-z0-9._~!$&'()*+,;=${more}\\-]|${percentEncoded})`;
}

const pathCharacter = characters(':@');
const segments = `(?:/${pathCharacter}*)*`;
const rootless = `${pathCharacter}+${segments}`;
/** Without a colon in its first segment, which would make that a scheme. */
const noScheme = `${characters('@')}+${segments}`;
const absolute = `/(?:${rootless})?`;

const futureAddress = "[Vv][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:\\-]+";
const host = `(?:\\[(?:${ipv6}|${futureAddress})\\]|${characters('')}*)`;
const authority = `(?:${characters(':')}*@)?${host}(?::[0-9]*)?`;
const withAuthority = `//${authority}${segments}`;

const scheme = '[A-Za-z][A-Za-z0-9+.\\-]*';
const queryAndFragment = `(?:\\?${characters(':@/?')}*)?(?:#${characters(':@/?')}*)?`;

/** A URI with its scheme. */
export const uri = `${scheme}:(?:${withAuthority}|${absolute}|${rootless})?${queryAndFragment}`;

/** A URI, or one that is relative to another. */
export const uriReference = `(?:${uri}|(?:${withAuthority}|${absolute}|${noScheme})?${queryAndFragment})`;

const variableCharacter = `(?:[A-Za-z0-9_]|${percentEncoded})`;
const variable = `${variableCharacter}+(?:\\.${variableCharacter}+)*(?::[1-9][0-9]{0,3}|\\*)?`;
const expression = `\\{[+#./;?&=,!@|]?${variable}(?:,${variable})*\\}`;

/** A template of URIs, of ASCII characters. */
export const uriTemplate = `(?:[!#$&(-;=?-\\[\\]_a-z~]|${percentEncoded}|${expression})*`;
