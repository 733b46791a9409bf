/** Schemas of single values, which `readYaml()` gives as text. */
import * as z from "zod";
import { syntaxMessage } from "./config_node.ts";

export const text = z.string();

/** Text that a parser accepts. Its syntax error is the mistake. */
export function parsed(parse: (text: string) => unknown): z.ZodString {
  return text.superRefine((value, context) => {
    try {
      parse(value);
    } catch (error) {
      context.addIssue({ code: "custom", message: syntaxMessage(error) });
    }
  });
}

export const flag = z.preprocess((value) => FLAGS.get(value) ?? value, z.boolean());

const FLAGS = new Map<unknown, boolean>([
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);

/** One of several words in upper or lower case, as regsync reads it. An empty one counts as absent. */
export function anyCase<const Word extends string>(
  words: readonly [Word, ...Word[]],
): z.ZodType<Word | undefined> {
  const toLower = (value: unknown): unknown =>
    typeof value === "string" ? value.toLowerCase() || undefined : value;
  return z.preprocess(toLower, z.enum(words).optional());
}

export function whole(least: number, most: number): z.ZodType<number> {
  return z.preprocess(toNumber, z.int().min(least).max(most));
}

export function number(least: number, most: number): z.ZodType<number> {
  return z.preprocess(toNumber, z.number().min(least).max(most));
}

/** The number that YAML's core schema reads, or the value itself. */
export function toNumber(value: unknown): unknown {
  return typeof value === "string" && NUMBER.test(value) ? Number(value) : value;
}

/** https://yaml.org/spec/1.2.2/#1032-tag-resolution, without infinity and NaN. */
const NUMBER = /^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+)$/;
