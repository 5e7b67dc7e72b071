import { type Decimal, decimalOf } from './decimal.js';

/** Numbers from one to another, both included. */
export interface NumberRange {
  /** -Infinity where there is no limit. */
  readonly least: number;
  /** Infinity where there is no limit. */
  readonly most: number;
  /** Whether they are written without a point. Both ends are integers then. */
  readonly integers: boolean;
}

/**
 * Rules of the library's EBNF for the numbers of a range as JSON writes them, the first of which has the name; names of
 * the others begin with it. All digits count, however many there are: `1.0000000000000000000001` is above 1. Exponents
 * are left out, since their digits would have to be weighed against all others. Zero has a minus only where numbers
 * below it are in the range; an integer never does.
 *
 * @param range holds at least one number
 */
export function rangeRules(name: string, { least, most, integers }: NumberRange): string {
  const rules: string[] = [];
  const signed: string[] = [];
  if (least < 0) {
    const nearest = Math.max(integers ? 1 : 0, -most);
    const below = new MagnitudeRules(`${name}_below`, { least: nearest, most: -least, integers });
    signed.push(`"-" ${name}_below`);
    rules.push(...below.rules());
  }
  if (most >= 0) {
    const above = new MagnitudeRules(`${name}_above`, { least: Math.max(0, least), most, integers });
    signed.push(`${name}_above`);
    rules.push(...above.rules());
  }
  return [`${name} ::= ${signed.join(' | ')}`, ...rules].join('\n');
}

/** A limit that the digits written so far are equal to, so that the digits to come decide. */
interface Edge {
  /** All its digits, the point left out. */
  readonly digits: string;
  /** How many of them stand before the point. */
  readonly whole: number;
}

/** The limits that the digits written so far are equal to. Both have the same count of digits before the point. */
interface Edges {
  readonly low?: Edge | undefined;
  readonly high?: Edge | undefined;
}

/** Numbers of 0 or more. Texts are compared with the limits digit by digit, and shorter ones before the point are less. */
class MagnitudeRules {
  readonly #name: string;
  readonly #low: Edge;
  readonly #high: Edge | undefined;
  readonly #integers: boolean;
  /** Bodies of the rules for the digits from some place on, by name. Rules, as the library nests groups only so deep. */
  readonly #bodies = new Map<string, string>();

  constructor(name: string, { least, most, integers }: NumberRange) {
    this.#name = name;
    this.#low = edgeOf(decimalOf(least));
    this.#high = most === Number.POSITIVE_INFINITY ? undefined : edgeOf(decimalOf(most));
    this.#integers = integers;
  }

  rules(): readonly string[] {
    const body = this.#lengths().join(' | ');
    return [`${this.#name} ::= ${body}`, ...[...this.#bodies].map(([name, text]) => `${name} ::= ${text}`)];
  }

  /** Alternatives by the count of digits before the point: the lower limit's, those between, the upper limit's. */
  #lengths(): readonly string[] {
    const [low, high] = [this.#low, this.#high];
    if (low.whole === high?.whole) return [this.#from(0, low.whole, { low, high })];
    const shortest = this.#from(0, low.whole, { low });
    const fraction = this.#repeated('[0-9]', 0, 0);
    if (high === undefined) return [shortest, `[1-9] [0-9]{${low.whole},} ${fraction}`];
    const longest = this.#from(0, high.whole, { high });
    if (high.whole === low.whole + 1) return [shortest, longest];
    return [shortest, `[1-9] [0-9]{${low.whole},${high.whole - 2}} ${fraction}`, longest];
  }

  /**
   * What follows the first digits of a number.
   *
   * @param at count of the digits so far
   * @param whole count of digits before the point
   * @param edges limits that the digits so far are equal to; without any, all digits may follow
   */
  #from(at: number, whole: number, { low, high }: Edges): string {
    if (low !== undefined && onlyZeros(low, at)) return this.#from(at, whole, { high });
    if (low === undefined && high === undefined) return this.#repeated('[0-9]', at, whole);
    if (high !== undefined && onlyZeros(high, at)) return this.#repeated('"0"', at, whole);
    const name = [this.#name, ...(low ? ['low'] : []), ...(high ? ['high'] : []), at].join('_');
    if (!this.#bodies.has(name)) this.#bodies.set(name, this.#body(at, whole, { low, high }));
    return name;
  }

  /** Digits after the point may end where the lower limit asks for no more. */
  #body(at: number, whole: number, edges: Edges): string {
    const digits = this.#digits(at, whole, edges);
    if (at < whole) return digits;
    const written = at === whole ? `"." (${digits})` : digits;
    return edges.low === undefined ? `"" | ${written}` : written;
  }

  /** Alternatives by the next digit: a limit's own, or one between, after which that limit is kept to. */
  #digits(at: number, whole: number, { low, high }: Edges): string {
    const first = at === 0 && whole > 1 ? 1 : 0;
    const [from, to] = [low ? Number(low.digits[at]) : first, high ? Number(high.digits[at]) : 9];
    if (low && high && from === to) return `"${from}" ${this.#from(at + 1, whole, { low, high })}`;
    const [least, most] = [low ? from + 1 : from, high ? to - 1 : to];
    return [
      ...(low ? [`"${from}" ${this.#from(at + 1, whole, { low })}`] : []),
      ...(least <= most ? [`[${least}-${most}] ${this.#from(at + 1, whole, {})}`] : []),
      ...(high ? [`"${to}" ${this.#from(at + 1, whole, { high })}`] : []),
    ].join(' | ');
  }

  /** Digits of one kind, as many as there may be after `at` of them. */
  #repeated(digit: string, at: number, whole: number): string {
    if (at > whole) return `${digit}*`;
    const fraction = this.#integers ? '""' : `("." ${digit}+)?`;
    return at === whole ? fraction : `${digit}{${whole - at}} ${fraction}`;
  }
}

function edgeOf({ whole, fraction }: Decimal): Edge {
  return { digits: whole + fraction, whole: whole.length };
}

function onlyZeros({ digits }: Edge, from: number): boolean {
  return !/[1-9]/.test(digits.slice(from));
}
