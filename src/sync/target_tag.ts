/** The tag that an image has in the targets of a rule. */
import { CrossdockError, ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { isTag } from "../oci/reference.ts";
import { parseTemplate } from "../template/parse.ts";
import { checkFields, renderTemplate } from "../template/render.ts";

interface Source {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/**
 * Renders `targetTag` of a rule for a tag of its source.
 *
 * @throws {ParseError} for a result that is not a tag, and for variables and files, which a run does not read
 */
export function renderTargetTag(template: string, { registry, repository, tag }: Source): string {
  const name = `${registry}/${repository}`;
  const data = {
    Source: {
      Tag: tag,
      Registry: registry,
      Repository: repository,
      Reference: `${name}:${tag}`,
      CommonName: `${name}:${tag}`,
    },
  };
  const parsed = parseTemplate(template);
  checkFields(parsed, data);
  const text = renderTemplate(parsed, data, {
    env: {},
    now: 0,
    readFile: () => undefined,
    onMissing(what): void {
      throw new ParseError(`${what}: expected fields of .Source only`);
    },
  }).trim();
  if (isTag(text)) return text;
  throw new ParseError(`${quote(text)}, for the tag ${tag}, is not a tag`);
}

/**
 * Rejects tags that would become one tag in the targets: each run would copy all of them there, one over the other.
 *
 * @throws CrossdockError `usage`
 */
export function rejectSameTarget(tags: readonly string[], toTarget: (tag: string) => string): void {
  const sources = new Map<string, string>();
  for (const tag of tags) {
    const target = toTarget(tag);
    const other = sources.get(target);
    if (other !== undefined) {
      throw new CrossdockError("usage", `targetTag makes ${target} of both ${other} and ${tag}`, {
        hint: "make the name of each tag part of targetTag, or select fewer tags",
      });
    }
    sources.set(target, tag);
  }
}
