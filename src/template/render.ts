import { suggest } from "../suggest.ts";
import { formatValue } from "./format.ts";
import { isTrue, TEMPLATE_FUNCTIONS } from "./functions.ts";
import { TimeFunctions } from "./value.ts";
import type { TemplateInputs } from "./functions.ts";
import type { Data, Value } from "./value.ts";
import { GoTime } from "./go_time.ts";
import { templateError } from "./error.ts";
import type { Command, Operand, Pipeline, Template } from "./parse.ts";

/** Longer than any value or secret. A variable that doubles itself would otherwise fill the memory. */
const MAX_TEXT_LENGTH = 64 * 1024;

/**
 * Renders a template.
 *
 * @throws {ParseError} for an unknown field or variable, and for values that a function does not accept; it never contains a value
 */
export function renderTemplate(
  template: Template,
  data: Data,
  inputs: TemplateInputs,
): string {
  return new Renderer(data, inputs).render(template);
}

/**
 * Checks that all fields exist, also in branches that are not taken.
 *
 * @throws {ParseError} for the first one
 */
export function checkFields(template: Template, data: Data): void {
  for (const node of template) {
    if (node.kind === "pipeline") checkPipeline(node.pipeline, data);
    if (node.kind !== "if") continue;
    for (const { test, body } of node.branches) {
      checkPipeline(test, data);
      checkFields(body, data);
    }
    checkFields(node.otherwise, data);
  }
}

function checkPipeline({ commands }: Pipeline, data: Data): void {
  for (const operand of commands.flat()) {
    const { base, fields, at } = operand;
    if (base.kind === "pipeline") checkPipeline(base.pipeline, data);
    if (base.kind === "data" || base.kind === "variable" && base.name === "$") {
      fields.reduce((value: Value, field) => getField(value, field, at), data);
    }
  }
}

class Renderer {
  readonly #data: Data;
  readonly #inputs: TemplateInputs;
  readonly #variables: Map<string, Value>;

  constructor(data: Data, inputs: TemplateInputs) {
    this.#data = data;
    this.#inputs = inputs;
    this.#variables = new Map<string, Value>([["$", data]]);
  }

  render(template: Template): string {
    return template.map((node) => {
      if (node.kind === "text") return node.text;
      if (node.kind === "pipeline") return this.#write(node.pipeline);
      const branch = node.branches.find(({ test }) => isTrue(this.#run(test)));
      return this.render(branch ? branch.body : node.otherwise);
    }).join("");
  }

  #write(pipeline: Pipeline): string {
    const value = this.#run(pipeline);
    if (pipeline.variable !== undefined) return "";
    const [command] = pipeline.commands;
    return guard("output", command?.[0].at ?? 0, () => formatValue(value));
  }

  /** Each command gets the value of the previous one as its last argument. */
  #run({ variable, commands }: Pipeline): Value {
    let piped: [] | [Value] = [];
    for (const command of commands) piped = [this.#command(command, piped)];
    const [value] = piped;
    if (variable !== undefined) this.#variables.set(variable, value);
    return value;
  }

  #command([operand, ...rest]: Command, piped: readonly Value[]): Value {
    const args = [...rest.map((argument) => this.#operand(argument, [])), ...piped];
    return this.#operand(operand, args);
  }

  #operand({ base, fields, at }: Operand, args: readonly Value[]): Value {
    if (base.kind === "function" && fields.length === 0) return this.#call(base.name, args, at);
    const last = fields.at(-1);
    const chain = args.length > 0 ? fields.slice(0, -1) : fields;
    const value = chain.reduce((value, field) => getField(value, field, at), this.#base(base, at));
    if (args.length === 0) return value;
    const [layout] = args;
    if (value instanceof GoTime && last === "Format" && typeof layout === "string") {
      return value.format(layout);
    }
    throw templateError("expected a function before the arguments", at);
  }

  #base(base: Operand["base"], at: number): Value {
    switch (base.kind) {
      case "literal":
        return base.value;
      case "data":
        return this.#data;
      case "pipeline":
        return this.#run(base.pipeline);
      case "function":
        return this.#call(base.name, [], at);
      case "variable":
        if (this.#variables.has(base.name)) return this.#variables.get(base.name);
        throw templateError(`variable ${base.name} has no value`, at);
    }
  }

  #call(name: string, args: readonly Value[], at: number): Value {
    const { arity: [least, most], call } =
      TEMPLATE_FUNCTIONS[name] as typeof TEMPLATE_FUNCTIONS[""];
    if (args.length < least || args.length > most) {
      const wanted = least === most
        ? `${least} ${least === 1 ? "argument" : "arguments"}`
        : most === Infinity
        ? `at least ${least} arguments`
        : `${least} to ${most} arguments`;
      throw templateError(`${name}: expected ${wanted}, got ${args.length}`, at);
    }
    const value = guard(name, at, () => call(args, this.#inputs));
    if (typeof value !== "string" || value.length <= MAX_TEXT_LENGTH) return value;
    throw templateError(`${name}: the text has more than ${MAX_TEXT_LENGTH} characters`, at);
  }
}

/** Adds the name and the place to a function's error. */
function guard<Result>(name: string, at: number, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof TypeError) throw templateError(`${name}: ${error.message}`, at);
    throw error;
  }
}

function getField(value: Value, field: string, at: number): Value {
  if (value instanceof TimeFunctions && field === "Now") return new GoTime(value.now);
  if (value instanceof GoTime) {
    const found = value.get(field);
    if (found !== undefined) return found;
  } else if (typeof value === "object" && !Array.isArray(value) && Object.hasOwn(value, field)) {
    return (value as Data)[field];
  }
  const known = typeof value === "object" && !(value instanceof GoTime) ? Object.keys(value) : [];
  const near = suggest(field, known);
  throw templateError(
    `there is no .${field}`,
    at,
    near
      ? `did you mean .${near}`
      : known.length > 0
      ? `expected one of .${known.join(", .")}`
      : undefined,
  );
}
