import { quote } from "../oci/quote.ts";
import { templateError } from "./error.ts";

/** A token of an action. */
export interface TemplateToken {
  /** `field` is `.name` or `.`, `variable` is `$name` or `$`, `mark` one of `( ) | := =`. */
  readonly kind: "literal" | "field" | "variable" | "name" | "mark" | "end";
  readonly text: string;
  /** The value of a literal. */
  readonly value?: string | number | boolean;
  /** Whether there is no white space before it. */
  readonly isGlued: boolean;
  /** Its start in the template, in characters. */
  readonly at: number;
}

const NAME = "[\\p{L}_][\\p{L}\\p{N}_]*";
const TOKEN = new RegExp(
  [
    `(?<space>\\s+)`,
    `(?<string>"(?:[^"\\\\\\n]|\\\\.)*")`,
    "(?<raw>`[^`]*`)",
    `(?<number>[+-]?[0-9]+(?:\\.[0-9]+)?(?![\\p{L}\\p{N}_]))`,
    `(?<field>\\.(?:${NAME})?)`,
    `(?<variable>\\$(?:${NAME})?)`,
    `(?<name>${NAME})`,
    `(?<mark>:=|[()|=])`,
  ].join("|"),
  "uy",
);

/** Splits an action into tokens. The last one is always `end`. */
export function scanAction(action: string, offset: number): TemplateToken[] {
  const tokens: TemplateToken[] = [];
  let isGlued = false;
  TOKEN.lastIndex = 0;
  for (let position = 0; position < action.length; position = TOKEN.lastIndex) {
    const at = offset + position;
    TOKEN.lastIndex = position;
    const groups = TOKEN.exec(action)?.groups;
    if (!groups) {
      const character = action.slice(position, position + 1);
      const isText = character === '"' || character === "`";
      throw templateError(
        isText ? "a string is not closed" : `unexpected ${quote(character)}`,
        at,
      );
    }
    const { space, string, raw, number, ...rest } = groups;
    const literal = (value: string | number): void => {
      tokens.push({ kind: "literal", text: string ?? raw ?? number ?? "", value, isGlued, at });
    };
    if (string !== undefined) literal(unquote(string, at));
    else if (raw !== undefined) literal(raw.slice(1, -1));
    else if (number !== undefined) literal(Number(number));
    else {
      for (const [kind, text] of Object.entries(rest)) {
        if (text !== undefined) {
          tokens.push(toToken(kind as TemplateToken["kind"], text, isGlued, at));
        }
      }
    }
    isGlued = space === undefined;
  }
  tokens.push({ kind: "end", text: "", isGlued: false, at: offset + action.length });
  return tokens;
}

function toToken(
  kind: TemplateToken["kind"],
  text: string,
  isGlued: boolean,
  at: number,
): TemplateToken {
  if (kind === "name" && (text === "true" || text === "false")) {
    return { kind: "literal", text, value: text === "true", isGlued, at };
  }
  if (kind === "name" && text === "nil") return { kind: "literal", text, isGlued, at };
  return { kind, text, isGlued, at };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

/** https://go.dev/ref/spec#String_literals */
function unquote(text: string, at: number): string {
  return text.slice(1, -1).replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs,
    (whole, hex, short, long, octal, letter) => {
      const code = octal === undefined ? parseInt(hex ?? short ?? long, 16) : parseInt(octal, 8);
      const escaped = Number.isNaN(code)
        ? ESCAPES[letter]
        : toCharacter(code, octal ? 0xff : 0x10ffff);
      if (escaped === undefined) {
        throw templateError(`${quote(whole)} is not an escape sequence`, at);
      }
      return escaped;
    },
  );
}

/** Returns `undefined` for a code that Go does not accept. */
function toCharacter(code: number, most: number): string | undefined {
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return code > most || isSurrogate ? undefined : String.fromCodePoint(code);
}
