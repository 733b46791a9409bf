/** Helpers for property tests: each runs a fixed number of generated values, and a failure prints the seed and the smallest value. */
import fc from "fast-check";
import { ParseError } from "../../src/errors.ts";

/** Runs a parser. Returns `undefined` if it throws a ParseError, its documented error. Rethrows every other error. */
export function tryParse<Result>(parse: () => Result): Result | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** Text that is nearly right: pieces of the grammar in any order, with any other text between them. */
export function textOf(...pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...pieces) },
    { weight: 1, arbitrary: fc.string({ maxLength: 3 }) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 3 }) },
  );
  return fc.array(piece, { maxLength: 24 }).map((parts) => parts.join(""));
}

/** A short text repeated up to this length, for nesting and for repeated work. */
export function repeated(maxLength: number, ...pieces: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(textOf(...pieces), fc.nat(maxLength), textOf(...pieces)).map(
    ([text, length, end]) => text.repeat(Math.ceil(length / (text.length || 1))) + end,
  );
}
