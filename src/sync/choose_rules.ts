import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { suggest } from "../suggest.ts";

/**
 * The rules with these names, in the order of the config; all of them where no name is given.
 *
 * @throws {ParseError} naming every rule that there is none of, and what was most likely meant
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
      hint: near === undefined ? `there are ${known.join(", ")}` : `did you mean ${near}`,
    });
  }
  return rules.filter(({ name }) => names.includes(name));
}
