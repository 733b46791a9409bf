/**
 * Parses WWW-Authenticate (RFC 9110 §11.6.1) as registries send it:
 *
 * ```text
 * header        := [ challenge ] *( separator challenge )
 * challenge     := scheme [ 1*blank ( token68 / parameter *( separator parameter ) ) ]
 * parameter     := token *blank "=" *blank ( quoted-string / bare )
 * token68       := 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
 * quoted-string := DQUOTE *( any but DQUOTE and "\" / "\" any ) DQUOTE
 * bare          := *( any but blank, comma and DQUOTE )       wider than the RFC: some send realm=https://host/token
 * separator     := 1*( blank / "," )                          wider than the RFC: some omit the comma
 * ```
 *
 * A word is the name of a parameter if "=" follows, else a scheme. Only this distinguishes `Bearer a=b, c=d` from
 * `Bearer a=b, Basic c=d`. Text that does not match is skipped up to the next separator.
 */

/** One authentication scheme that a registry offers. */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  scheme: string;
  /** Keys in lower case, values without quotes and escapes. The first of two equal keys wins. */
  parameters: Record<string, string>;
  /** The data of schemes such as `Negotiate`, instead of parameters. */
  token68?: string;
}

/** Node's limit for all headers of a response. Bounds the work on a hostile header. */
const MAX_HEADER_LENGTH = 16 * 1024;

const TOKEN_CHAR = /[A-Za-z0-9!#$%&'*+.^_`|~-]/;
const TOKEN68_CHAR = /[A-Za-z0-9._~+/-]/;

/**
 * Parses the challenges of one WWW-Authenticate header, or of several joined by commas as `Headers.get` does.
 *
 * Never throws. Skips invalid text, and everything after the first 16 KiB.
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
      // These two schemes have no token68 in a challenge, so `Basic realm=` is an empty realm.
      const token68 = word === "basic" || word === "bearer" ? undefined : scanner.takeToken68();
      found.push({ scheme: word, parameters: new Map(), ...(token68 && { token68 }) });
    } else {
      scanner.skipItem();
    }
  }
  // Object.fromEntries defines a member "__proto__"; an assignment would set the prototype.
  return found.map((challenge) => ({
    ...challenge,
    parameters: Object.fromEntries(challenge.parameters),
  }));
}

/** Runs in linear time: only takeEquals and takeToken68 ever move back. */
class Scanner {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** @returns false at the end of the text */
  skipSeparators(): boolean {
    while (!this.#isAtEnd() && isSeparator(this.#peek())) this.#position++;
    return !this.#isAtEnd();
  }

  isAtSeparator(): boolean {
    return this.#isAtEnd() || isSeparator(this.#peek());
  }

  takeWhile(allowed: RegExp): string {
    const start = this.#position;
    while (!this.#isAtEnd() && allowed.test(this.#peek())) this.#position++;
    return this.#text.slice(start, this.#position);
  }

  /** Skips `=` and the blanks around it. Without `=` the position stays unchanged. */
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

  /** @returns undefined for an unterminated quoted string, because it may be half a URL */
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

  /** Takes the next item if it is a token68; otherwise the position stays unchanged. Returns "" if there is no next item. */
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

  /** Skips to the next separator outside quotes. */
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

  /** @returns the empty string at the end */
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
