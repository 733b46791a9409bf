import { ParseError } from "../errors.ts";
import { formatReference, isTag, parseReference, withDefaultTag } from "../oci/reference.ts";
import { quote } from "../oci/quote.ts";
import type { SyncRule } from "./rule.ts";
import { parseTemplate } from "../template/parse.ts";
import type { TemplateNode } from "../template/parse.ts";
import { renderTemplate } from "../template/render.ts";
import type { TemplateInputs } from "../template/functions.ts";

/**
 * Renders the `backup` template of a rule: the name under which an image is saved before a copy overwrites it. The name is a tag
 * in the same repository, or a full reference.
 *
 * @param destination the image to overwrite: `registry/repository:tag`
 * @returns `undefined` if the rule has no `backup`
 * @throws {ParseError} if the result is neither a tag nor a reference
 */
export function backupReference(
  { backup, targets }: Pick<SyncRule, "backup" | "targets">,
  destination: string,
  inputs: TemplateInputs,
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
    const name = renderTemplate(parseTemplate(backup.template), data, inputs).trim();
    if (/[:/]/.test(name)) return formatReference(withDefaultTag(parseReference(name)));
    if (isTag(name)) return formatReference({ registry, repository, tag: name });
    throw new ParseError(`${quote(name)} is not a tag or a reference`);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new ParseError(`back up ${destination}: ${error.message}`);
  }
}

/**
 * Creates a test for names that a `backup` template may produce: a tag, or a reference as written in the file. The test compares
 * the text around the actions. `{{ .Ref.Tag }}` matches any tag, and every other action matches any text.
 */
export function createBackupTest(template: string): (name: string) => boolean {
  const pattern = new RegExp(`^${parseTemplate(template).map(toPattern).join("")}$`);
  return (name) => pattern.test(name);
}

function toPattern(node: TemplateNode): string {
  // Names have no white space, and the rendered result is trimmed.
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
