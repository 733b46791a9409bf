import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { suggest } from "../suggest.ts";

/**
 * Finds rules by name, in the order of the configuration. Without names, returns all rules.
 *
 * @throws {ParseError} with every unknown name, and a suggestion for the first one
 */
export function chooseRules<Rule extends { readonly name: string }>(
  rules: readonly Rule[],
  names: readonly string[] | undefined,
): readonly Rule[] {
  if (names === undefined || names.length === 0) return rules;
  const known = rules.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  const [first] = unknown;
  if (first !== undefined) {
    const near = suggest(first, known);
    throw new ParseError(`there is no rule ${unknown.map(quote).join(", ")}`, {
      hint: near === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${near}`,
    });
  }
  return rules.filter(({ name }) => names.includes(name));
}
