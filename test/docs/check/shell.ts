/** Splits a shell script into simple commands, as far as documents need it. `bash -n` checks the syntax. */

export interface Command {
  readonly line: number;
  /** Without assignments in front and without redirections. Quotes are removed, variables of the script replaced. */
  readonly words: readonly string[];
  /** Variables that the command receives: those assigned so far. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The value of a variable that the script does not set. */
const UNKNOWN = "x";

const KEYWORDS = [
  "!",
  "{",
  "}",
  "do",
  "done",
  "then",
  "else",
  "fi",
  "if",
  "elif",
  "while",
  "until",
  "time",
];
const ASSIGNMENT = /^([A-Za-z_]\w*)=(.*)$/s;

/** @param firstLine the line of the first line of the script */
export function splitShell(script: string, firstLine: number): Command[] {
  return new Splitter(script, firstLine).split();
}

class Splitter {
  readonly #script: string;
  readonly #firstLine: number;
  readonly #commands: Command[] = [];
  readonly #variables: Record<string, string> = {};
  readonly #heredocs: string[] = [];
  #words: string[] = [];
  #at = 0;
  #lineOfCommand = 0;

  constructor(script: string, firstLine: number) {
    this.#script = script;
    this.#firstLine = firstLine;
  }

  split(): Command[] {
    for (;;) {
      this.#skipBlanks();
      const char = this.#script[this.#at];
      if (char === undefined) break;
      if (char === "#") this.#at = endOf(this.#script, "\n", this.#at);
      else if (char === "\n") this.#endLine();
      else if (/[;|&()]/.test(char)) this.#endCommand(1);
      else if (/^\d*[<>]/.test(this.#script.slice(this.#at))) this.#skipRedirection();
      else {
        if (this.#words.length === 0) this.#lineOfCommand = this.#lineAt(this.#at);
        this.#words.push(this.#readWord());
      }
    }
    this.#endCommand(0);
    return this.#commands;
  }

  #skipBlanks(): void {
    const [blanks] = /^(?:[ \t]|\\\n)*/.exec(this.#script.slice(this.#at)) ?? [""];
    this.#at += blanks.length;
  }

  #lineAt(at: number): number {
    return this.#firstLine + this.#script.slice(0, at).split("\n").length - 1;
  }

  #endLine(): void {
    this.#endCommand(1);
    for (const end of this.#heredocs.splice(0)) {
      const rest = this.#script.slice(this.#at);
      const found = new RegExp(`^\\t*${RegExp.escape(end)}$`, "m").exec(rest);
      this.#at += found ? found.index + found[0].length : rest.length;
    }
  }

  #skipRedirection(): void {
    const [operator = "", kind] = /^\d*(<<<|<<-?|>>|<>|[<>]&?)/.exec(
      this.#script.slice(this.#at),
    ) ?? [];
    this.#at += operator.length;
    // A process substitution is a command.
    if (this.#script[this.#at] === "(") return;
    this.#skipBlanks();
    const word = this.#readWord();
    if (kind === "<<" || kind === "<<-") this.#heredocs.push(word);
  }

  #readWord(): string {
    let word = "";
    for (;;) {
      const char = this.#script[this.#at];
      if (char === undefined || /[\s;|&()<>]/.test(char)) return word;
      if (char === "'") {
        const end = endOf(this.#script, "'", this.#at + 1);
        word += this.#script.slice(this.#at + 1, end);
        this.#at = end + 1;
      } else if (char === '"') {
        this.#at++;
        while (this.#at < this.#script.length && this.#script[this.#at] !== '"') {
          word += this.#readExpanded(/["\\$`]/);
        }
        this.#at++;
      } else word += this.#readExpanded(/./s);
    }
  }

  /** One character, or what an escape or an expansion gives. */
  #readExpanded(escaped: RegExp): string {
    const rest = this.#script.slice(this.#at);
    if (rest.startsWith("\\\n")) return this.#take(2, "");
    if (rest[0] === "\\" && escaped.test(rest[1] ?? "")) return this.#take(2, rest[1] ?? "");
    if (rest.startsWith("$(")) return this.#readSubstitution();
    const variable = /^\$(?:(\w+|[@*#?$!])|\{(\w+)[^}]*\})/.exec(rest);
    if (!variable) return this.#take(1, rest[0] ?? "");
    const name = variable[1] ?? variable[2] ?? "";
    return this.#take(variable[0].length, this.#variables[name] ?? UNKNOWN);
  }

  #take(length: number, value: string): string {
    this.#at += length;
    return value;
  }

  #readSubstitution(): string {
    const start = this.#at + 2;
    let depth = 1;
    for (this.#at = start; depth > 0 && this.#at < this.#script.length; this.#at++) {
      if (this.#script[this.#at] === "(") depth++;
      if (this.#script[this.#at] === ")") depth--;
    }
    const inner = this.#script.slice(start, this.#at - 1);
    this.#commands.push(...splitShell(inner, this.#lineAt(start)));
    return UNKNOWN;
  }

  #endCommand(length: number): void {
    this.#at += length;
    const words = this.#words;
    this.#words = [];
    while (KEYWORDS.includes(words[0] ?? "")) words.shift();
    const own: Record<string, string> = {};
    for (;;) {
      const [, name, value = ""] = ASSIGNMENT.exec(words[0] ?? "") ?? [];
      if (name === undefined) break;
      own[name] = value;
      words.shift();
    }
    if (words.length === 0) return void Object.assign(this.#variables, own);
    if (["export", "local", "readonly"].includes(words[0] ?? "")) {
      for (const word of words.slice(1)) {
        const [, name, value = ""] = ASSIGNMENT.exec(word) ?? [];
        if (name !== undefined) this.#variables[name] = value;
      }
      return;
    }
    if (["for", "case", "esac", "in", "select"].includes(words[0] ?? "")) return;
    const variables = { ...this.#variables, ...own };
    this.#commands.push({ line: this.#lineOfCommand, words, variables });
  }
}

function endOf(text: string, end: string, from: number): number {
  const found = text.indexOf(end, from);
  return found < 0 ? text.length : found;
}
