/** Schemas of single values, as `readYaml()` gives them. */
import * as z from "zod";
import { PlainScalar } from "./read_yaml.ts";

function sourceOf(value: unknown): unknown {
  return value instanceof PlainScalar ? value.source : value;
}

function valueOf(value: unknown): unknown {
  return value instanceof PlainScalar ? value.value : value;
}

/** `1.10` is text where text is wanted; editors are told so. */
export const text = z.preprocess(
  sourceOf,
  z.string().meta({ type: ["string", "number", "boolean"] }),
);
export const flag = z.preprocess(valueOf, z.boolean());

export function word<const Word extends string>(
  words: readonly [Word, ...Word[]],
): z.ZodType<Word> {
  return z.preprocess(sourceOf, z.enum(words)) as unknown as z.ZodType<Word>;
}

/** A word in upper or lower case, as regsync reads it; an empty one says nothing. */
export function anyCase<const Word extends string>(
  words: readonly [Word, ...Word[]],
): z.ZodType<Word | undefined> {
  const toLower = (value: unknown): unknown => {
    const source = sourceOf(value);
    return typeof source === "string" ? source.toLowerCase() || undefined : source;
  };
  return z.preprocess(toLower, z.enum(words).optional()) as unknown as z.ZodType<Word | undefined>;
}

export function whole(least: number, most: number): z.ZodType<number> {
  return z.preprocess(valueOf, z.int().min(least).max(most));
}

export function number(least: number, most: number): z.ZodType<number> {
  return z.preprocess(valueOf, z.number().min(least).max(most));
}
