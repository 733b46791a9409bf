import { ParseError } from "../errors.ts";
import { formatReference, isTag, parseReference, withDefaultTag } from "../oci/reference.ts";
import { quote } from "../oci/quote.ts";
import type { SyncRule } from "./rule.ts";
import { parseTemplate } from "../template/parse.ts";
import type { TemplateNode } from "../template/parse.ts";
import { renderTemplate } from "../template/render.ts";
import type { Surroundings } from "../template/functions.ts";

/**
 * Where an image is saved before it is overwritten, as the rule's `backup` says: a tag beside it, or another name.
 *
 * @param destination what is about to be overwritten: `registry/repository:tag`
 * @returns `undefined` where the rule saves nothing
 * @throws {ParseError} where the template gives no name
 */
export function backupReference(
  { backup, targets }: Pick<SyncRule, "backup" | "targets">,
  destination: string,
  surroundings: Surroundings,
): string | undefined {
  if (!backup) return undefined;
  const { registry, repository, tag = "", digest = "" } = parseReference(destination);
  const target = targets.length === 1
    ? backup.sync["Target"]
    : targets.find((name) =>
      destination === name || /^[:/]/.test(destination.slice(name.length)) &&
        destination.startsWith(name)
    );
  const sync = { ...backup.sync, Target: target };
  const data = {
    Ref: {
      Scheme: "reg",
      Reference: destination,
      CommonName: formatReference(parseReference(destination)),
      Registry: registry,
      Repository: repository,
      Tag: tag,
      Digest: digest,
      Path: "",
    },
    Sync: sync,
    Step: sync,
  };
  try {
    const name = renderTemplate(parseTemplate(backup.template), data, surroundings).trim();
    if (/[:/]/.test(name)) return formatReference(withDefaultTag(parseReference(name)));
    if (isTag(name)) return formatReference({ registry, repository, tag: name });
    throw new ParseError(`${quote(name)} is no tag and no reference`);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new ParseError(`back up ${destination}: ${error.message}`);
  }
}

/**
 * Tells whether a name may be one that a `backup` gives: a tag, or a reference as the file spells it. Of a template that is
 * known by the text around its actions; an action may give anything, and a tag alone where it is that of the image.
 */
export function createBackupTest(template: string): (name: string) => boolean {
  const pattern = new RegExp(`^${parseTemplate(template).map(toPattern).join("")}$`);
  return (name) => pattern.test(name);
}

function toPattern(node: TemplateNode): string {
  // There is no white space in a name; what stands around it is trimmed.
  if (node.kind === "text") return node.text.replaceAll(/\s/g, "").replaceAll(/\W/g, "\\$&");
  return isTagOfImage(node) ? "[^:/]*" : ".*";
}

/** `{{ .Ref.Tag }}` */
function isTagOfImage(node: TemplateNode): boolean {
  if (node.kind !== "pipeline") return false;
  const [[operand, ...others] = [], ...commands] = node.pipeline.commands;
  return others.length + commands.length === 0 && operand?.base.kind === "data" &&
    operand.fields.join(".") === "Ref.Tag";
}
