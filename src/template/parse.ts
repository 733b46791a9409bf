/**
 * Parses the part of Go's text/template that configurations use: values, pipelines, variables, `if`. No `range`, `with` or `define`.
 * https://pkg.go.dev/text/template
 *
 * ```text
 * template := { text | "{{" [ "- " ] action [ " -" ] "}}" }
 * action   := "/*" … "*" "/" | "if" pipeline | "else" [ "if" pipeline ] | "end" | pipeline
 * pipeline := [ "$" name ( ":=" | "=" ) ] command { "|" command }
 * command  := operand { operand }
 * operand  := ( "." name | "." | "$" [ name ] | name | "(" pipeline ")" | string | number | "true" | "false" | "nil" ) { "." name }
 * ```
 */
import { quote } from "../oci/quote.ts";
import { templateError } from "./error.ts";
import { TEMPLATE_FUNCTIONS } from "./functions.ts";
import { scanAction } from "./scan.ts";
import type { TemplateToken } from "./scan.ts";

/** A parsed template, which can be rendered any number of times. */
export type Template = readonly TemplateNode[];

export type TemplateNode =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline }
  | {
    readonly kind: "if";
    readonly branches: readonly { readonly test: Pipeline; readonly body: Template }[];
    readonly otherwise: Template;
  };

export interface Pipeline {
  /** The variable that the value is assigned to. An assignment writes nothing. */
  readonly variable?: string;
  readonly commands: readonly Command[];
}

/** A value, or a function or method with its arguments. */
export type Command = readonly [Operand, ...Operand[]];

export interface Operand {
  readonly base:
    | { readonly kind: "literal"; readonly value: string | number | boolean | undefined }
    | { readonly kind: "data" }
    | { readonly kind: "variable"; readonly name: string }
    | { readonly kind: "function"; readonly name: string }
    | { readonly kind: "pipeline"; readonly pipeline: Pipeline };
  readonly fields: readonly string[];
  /** Its start, in characters. */
  readonly at: number;
}

/** More than any value of a configuration has. Bounds the work on a file that is not one. */
const MAX_LENGTH = 10_000;

/** Parentheses within each other, and likewise `if`s. Each level takes space on the stack. */
const MAX_DEPTH = 50;

/** Whether a text has template actions. */
export function isTemplate(text: string): boolean {
  return text.includes("{{");
}

/**
 * Parses a template. Names of functions are checked here, names of fields by `checkFields()` and while rendering.
 *
 * @throws {ParseError} with the place in the text
 */
export function parseTemplate(text: string): Template {
  if (text.length > MAX_LENGTH) {
    throw templateError(
      `the template is too long, expected at most ${MAX_LENGTH} characters`,
      MAX_LENGTH,
    );
  }
  return new TemplateParser(splitActions(text)).parse();
}

type Piece = { text: string } | { action: string; at: number };

/** Splits a template into text and actions. A trimmed action removes the white space next to it. */
function splitActions(text: string): Piece[] {
  const pieces: Piece[] = [];
  let position = 0;
  let isTrimming = false;
  for (;;) {
    const start = text.indexOf("{{", position);
    let before = text.slice(position, start < 0 ? text.length : start);
    if (isTrimming) before = before.trimStart();
    const isTrimmed = start >= 0 && /^\{\{-\s/.test(text.slice(start, start + 4));
    pieces.push({ text: isTrimmed ? before.trimEnd() : before });
    if (start < 0) return pieces;
    const inner = start + (isTrimmed ? 3 : 2);
    const end = endOfAction(text, inner, start);
    isTrimming = /\s-$/.test(text.slice(inner, end));
    const action = text.slice(inner, isTrimming ? end - 1 : end);
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/.test(action)) pieces.push({ action, at: inner });
    position = end + 2;
  }
}

/** Finds the `}}` that ends an action, outside of strings and comments. */
function endOfAction(text: string, inner: number, start: number): number {
  const TOKEN = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|\/\*[\s\S]*?\*\/|\}\}/g;
  TOKEN.lastIndex = inner;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    if (match[0] === "}}") return match.index;
  }
  throw templateError("{{ is not closed", start);
}

class TemplateParser {
  readonly #pieces: readonly Piece[];
  #next = 0;
  #depth = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  parse(): Template {
    const { body, stop } = this.#body();
    if (stop) throw templateError(`{{${stop.word}}} without {{if}}`, stop.at);
    return body;
  }

  /** Parses up to the end of the text, or to an `else` or `end`. */
  #body(): { body: TemplateNode[]; stop?: Stop } {
    const body: TemplateNode[] = [];
    for (let piece = this.#pieces[this.#next++]; piece; piece = this.#pieces[this.#next++]) {
      if ("text" in piece) {
        if (piece.text !== "") body.push({ kind: "text", text: piece.text });
        continue;
      }
      const tokens = new Tokens(scanAction(piece.action, piece.at));
      const first = tokens.peek();
      const word = first.kind === "name" ? first.text : "";
      if (word === "else" || word === "end") {
        tokens.take();
        return { body, stop: { word, tokens, at: first.at } };
      }
      if (["range", "with", "define", "template", "block", "break", "continue"].includes(word)) {
        throw templateError(`{{${word}}} is not supported`, first.at);
      }
      if (word === "if") {
        tokens.take();
        body.push(this.#if(tokens, first.at));
      } else body.push({ kind: "pipeline", pipeline: parseWhole(tokens) });
    }
    return { body };
  }

  #if(tokens: Tokens, at: number): TemplateNode {
    if (this.#depth === MAX_DEPTH) {
      throw templateError(`more than ${MAX_DEPTH} {{if}} within each other`, at);
    }
    this.#depth++;
    const branches: { test: Pipeline; body: Template }[] = [];
    let test: Pipeline | undefined = parseWhole(tokens);
    for (;;) {
      const { body, stop } = this.#body();
      if (!stop) throw templateError("{{if}} without {{end}}", at);
      if (test) branches.push({ test, body });
      if (stop.word === "end") {
        stop.tokens.expectEnd();
        this.#depth--;
        return { kind: "if", branches, otherwise: test ? [] : body };
      }
      if (!test) throw templateError("{{if}} has a second {{else}}", stop.at);
      test = undefined;
      if (stop.tokens.peek().kind === "name" && stop.tokens.peek().text === "if") {
        stop.tokens.take();
        test = parseWhole(stop.tokens);
      } else stop.tokens.expectEnd();
    }
  }
}

interface Stop {
  readonly word: string;
  readonly tokens: Tokens;
  readonly at: number;
}

class Tokens {
  readonly #tokens: readonly TemplateToken[];
  #next = 0;
  /** Parentheses that are open. */
  depth = 0;

  constructor(tokens: readonly TemplateToken[]) {
    this.#tokens = tokens;
  }

  peek(ahead = 0): TemplateToken {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)] as TemplateToken;
  }

  take(): TemplateToken {
    const token = this.peek();
    this.#next += 1;
    return token;
  }

  expectEnd(): void {
    const { kind, text, at } = this.peek();
    if (kind !== "end") throw templateError(`unexpected ${quote(text)}`, at);
  }
}

function parseWhole(tokens: Tokens): Pipeline {
  const pipeline = parsePipeline(tokens);
  tokens.expectEnd();
  return pipeline;
}

function parsePipeline(tokens: Tokens): Pipeline {
  let variable: string | undefined;
  const next = tokens.peek(1);
  if (tokens.peek().kind === "variable" && next.kind === "mark" && /^:?=$/.test(next.text)) {
    variable = tokens.take().text;
    tokens.take();
  }
  const commands = [parseCommand(tokens)];
  while (tokens.peek().text === "|" && tokens.peek().kind === "mark") {
    tokens.take();
    commands.push(parseCommand(tokens));
  }
  return { commands, ...(variable === undefined ? {} : { variable }) };
}

function parseCommand(tokens: Tokens): Command {
  const operands: [Operand, ...Operand[]] = [parseOperand(tokens)];
  for (;;) {
    const { kind, text } = tokens.peek();
    if (kind === "end" || kind === "mark" && text !== "(") return operands;
    operands.push(parseOperand(tokens));
  }
}

function parseOperand(tokens: Tokens): Operand {
  const token = tokens.take();
  const { at } = token;
  const base = parseBase(token, tokens);
  const fields: string[] = base.kind === "data" && token.text !== "." ? [token.text.slice(1)] : [];
  for (let next = tokens.peek(); next.kind === "field" && next.isGlued; next = tokens.peek()) {
    fields.push(tokens.take().text.slice(1));
  }
  return { base, fields, at };
}

function parseBase(token: TemplateToken, tokens: Tokens): Operand["base"] {
  const { kind, text, at } = token;
  switch (kind) {
    case "literal":
      return { kind: "literal", value: token.value };
    case "field":
      return { kind: "data" };
    case "variable":
      return { kind: "variable", name: text };
    case "name":
      if (Object.hasOwn(TEMPLATE_FUNCTIONS, text)) return { kind: "function", name: text };
      throw templateError(
        `there is no function ${quote(text)}`,
        at,
        `expected one of ${Object.keys(TEMPLATE_FUNCTIONS).join(", ")}`,
      );
    case "mark":
      if (text === "(") {
        if (tokens.depth === MAX_DEPTH) {
          throw templateError(`more than ${MAX_DEPTH} parentheses within each other`, at);
        }
        tokens.depth++;
        const pipeline = parsePipeline(tokens);
        tokens.depth--;
        const end = tokens.take();
        if (end.text === ")") return { kind: "pipeline", pipeline };
        throw templateError("( is not closed", at);
      }
      throw templateError(`expected a value before ${quote(text)}`, at);
    case "end":
      throw templateError("expected a value", at);
  }
}
