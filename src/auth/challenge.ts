/**
 * WWW-Authenticate, RFC 9110 §11.6.1, as registries write it:
 *
 * ```text
 * header        := [ challenge ] *( separator challenge )
 * challenge     := scheme [ 1*blank ( token68 / parameter *( separator parameter ) ) ]
 * parameter     := token *blank "=" *blank ( quoted-string / bare )
 * token68       := 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
 * quoted-string := DQUOTE *( any but DQUOTE and "\" / "\" any ) DQUOTE
 * bare          := *( any but blank, comma and DQUOTE )       wider than the RFC: realm=https://host/token is seen
 * separator     := 1*( blank / "," )                          wider than the RFC: a comma is at times left out
 * ```
 *
 * A word is a parameter's name if "=" follows it, else a scheme; that alone tells `Bearer a=b, c=d` from
 * `Bearer a=b, Basic c=d`. Whatever fits nowhere is skipped up to the next separator.
 */

/** One way to authenticate that a registry offers. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  scheme: string;
  /** Keys in lower case, values with quotes and escapes undone. Of a key given twice the first counts. */
  parameters: Record<string, string>;
  /** What `Negotiate` and its like carry instead of parameters. */
  token68?: string;
}

/** As much as Node takes for all headers of an answer; keeps work on a hostile header small. */
const MAX_HEADER_LENGTH = 16 * 1024;

const TOKEN_CHAR = /[A-Za-z0-9!#$%&'*+.^_`|~-]/;
const TOKEN68_CHAR = /[A-Za-z0-9._~+/-]/;

/**
 * Reads the challenges of a WWW-Authenticate header, or of several joined by commas as `Headers.get` does it.
 *
 * Never throws: rubbish is skipped, and so is what stands after the first 16 KiB.
 */
export function parseChallenges(header: string): Challenge[] {
  const scanner = new Scanner(header.slice(0, MAX_HEADER_LENGTH));
  const found: { scheme: string; parameters: Map<string, string>; token68?: string }[] = [];
  while (scanner.skipSeparators()) {
    const word = scanner.takeWhile(TOKEN_CHAR).toLowerCase();
    const current = found.at(-1);
    if (word !== "" && scanner.takeEquals()) {
      const value = scanner.takeValue();
      if (value !== undefined && current !== undefined && !current.parameters.has(word)) {
        current.parameters.set(word, value);
      }
    } else if (word !== "" && scanner.isAtSeparator()) {
      // Neither scheme has a token68 in a challenge, so `Basic realm=` is a realm that was left empty.
      const token68 = word === "basic" || word === "bearer" ? undefined : scanner.takeToken68();
      found.push({ scheme: word, parameters: new Map(), ...(token68 && { token68 }) });
    } else {
      scanner.skipItem();
    }
  }
  // fromEntries defines members where assignment would set the prototype for the key "__proto__".
  return found.map((challenge) => ({
    ...challenge,
    parameters: Object.fromEntries(challenge.parameters),
  }));
}

/** Every method but the look-aheads in takeEquals and takeToken68 only moves forward, so the time is linear. */
class Scanner {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** False at the end of the text. */
  skipSeparators(): boolean {
    while (!this.#isAtEnd() && isSeparator(this.#peek())) this.#position++;
    return !this.#isAtEnd();
  }

  isAtSeparator(): boolean {
    return this.#isAtEnd() || isSeparator(this.#peek());
  }

  takeWhile(wanted: RegExp): string {
    const start = this.#position;
    while (!this.#isAtEnd() && wanted.test(this.#peek())) this.#position++;
    return this.#text.slice(start, this.#position);
  }

  /** Steps over `=` with the blanks around it; stays where it is if there is none. */
  takeEquals(): boolean {
    const start = this.#position;
    this.#skipBlanks();
    if (this.#peek() !== "=") {
      this.#position = start;
      return false;
    }
    this.#position++;
    this.#skipBlanks();
    return true;
  }

  /** Undefined for a quoted string that does not end: what there is of it may be half a URL. */
  takeValue(): string | undefined {
    const start = this.#position;
    if (this.#peek() === '"') {
      const value = this.#takeQuoted();
      this.skipItem();
      return value;
    }
    while (!this.isAtSeparator() && this.#peek() !== '"') this.#position++;
    return this.#text.slice(start, this.#position);
  }

  /** Stays where it is unless the next item is wholly a token68; the empty string if there is no next item. */
  takeToken68(): string | undefined {
    const start = this.#position;
    this.#skipBlanks();
    const token68 = this.takeWhile(TOKEN68_CHAR) + this.takeWhile(/=/);
    const end = this.#position;
    this.#skipBlanks();
    if (this.#isAtEnd() || this.#peek() === ",") {
      this.#position = end;
      return token68;
    }
    this.#position = start;
    return undefined;
  }

  /** Steps over what stands before the next separator outside quotes. */
  skipItem(): void {
    while (!this.isAtSeparator()) {
      if (this.#peek() === '"') this.#takeQuoted();
      else this.#position++;
    }
  }

  #takeQuoted(): string | undefined {
    this.#position++;
    let value = "";
    while (!this.#isAtEnd()) {
      const char = this.#peek();
      this.#position++;
      if (char === '"') return value;
      if (char !== "\\") {
        value += char;
      } else if (!this.#isAtEnd()) {
        value += this.#peek();
        this.#position++;
      }
    }
    return undefined;
  }

  #skipBlanks(): void {
    while (this.#peek() === " " || this.#peek() === "\t") this.#position++;
  }

  /** The empty string at the end. */
  #peek(): string {
    return this.#text.charAt(this.#position);
  }

  #isAtEnd(): boolean {
    return this.#position >= this.#text.length;
  }
}

function isSeparator(char: string): boolean {
  return char === "," || char === " " || char === "\t";
}
