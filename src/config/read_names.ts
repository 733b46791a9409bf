/** Source, targets and other repositories of a rule: templates filled in, aliases of hosts resolved, every name in its one spelling. */
import {
  formatReference,
  parseReference,
  parseRegistry,
  parseRepository,
  withDefaultTag,
} from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { Mistakes, Path } from "./mistakes.ts";
import type { Inherited } from "./read_inherited.ts";
import type { RenderAt } from "./render_at.ts";
import type { CopyOptions, SyncRule } from "../sync/rule.ts";
import type { RawRule } from "./schema.ts";

export interface Names {
  readonly source: string;
  readonly targets: readonly string[];
  /** `.Sync` for templates that are filled in later: `Source` and the first `Target` as the file names them. */
  readonly sync: Readonly<Record<string, string>>;
}

type ReferrerKey = "referrerSource" | "referrerTarget";

export interface NamesContext {
  readonly mistakes: Mistakes;
  readonly render: RenderAt;
  /** Hosts by the names that `creds` give them. */
  readonly aliases: ReadonlyMap<string, string>;
  /** `.Sync` in templates: what the file says. `Source` is filled in before targets are. */
  readonly sync: Readonly<Record<string, string>>;
}

/** Reads them; `undefined` where one has a mistake. */
export function readNames(raw: RawRule, path: Path, context: NamesContext): Names | undefined {
  const { mistakes, render, sync } = context;
  const sourceText = render([...path, "source"], raw.source, { Sync: sync });
  const source = sourceText === undefined
    ? undefined
    : readName(raw.type, sourceText, [...path, "source"], context);
  if (raw.target !== undefined && raw.targets !== undefined) {
    mistakes.add([...path, "targets"], "target is there already; write all of them here", "key");
    return undefined;
  }
  if (raw.target === undefined && raw.targets === undefined) {
    if (!mistakes.has([...path, "targets"])) mistakes.add([...path, "target"], "is missing");
    return undefined;
  }
  const places = raw.target === undefined
    ? (raw.targets ?? []).map((text, i) => ({ text, at: [...path, "targets", i] }))
    : [{ text: raw.target, at: [...path, "target"] }];
  const data = { Sync: { ...sync, Source: sourceText ?? raw.source } };
  const targets: string[] = [];
  const texts: string[] = [];
  for (const { text, at } of places) {
    const rendered = render(at, text, data);
    const target = rendered === undefined
      ? undefined
      : readName(raw.type === "registry" ? "beginning" : raw.type, rendered, at, context);
    if (rendered === undefined || target === undefined) continue;
    texts.push(rendered);
    if (target === source) mistakes.add(at, "it is the source");
    else if (targets.includes(target)) mistakes.add(at, `${target} stands here twice`);
    else targets.push(target);
    warnOfLatest(raw.type, source, target, at, mistakes);
  }
  const isWhole = source !== undefined && targets.length === places.length;
  if (!isWhole) return undefined;
  return { source, targets, sync: { ...data.Sync, Target: texts[0] ?? "" } };
}

/** Repositories of referrers that are not the image's: those that a copy request has, as far as the file names them. */
export function readReferrerNames(
  texts: Pick<Inherited, ReferrerKey>,
  locate: (key: ReferrerKey) => Path,
  context: NamesContext,
): Pick<CopyOptions, "referrerSource" | "referrerDestination"> {
  const read = (key: ReferrerKey): string | undefined => {
    const { [key]: text } = texts;
    if (text === undefined) return undefined;
    const rendered = context.render(locate(key), text, { Sync: context.sync });
    return rendered === undefined
      ? undefined
      : readName("repository", rendered, locate(key), context);
  };
  const from = read("referrerSource");
  const to = read("referrerTarget");
  return {
    ...(from === undefined ? {} : { referrerSource: from }),
    ...(to === undefined ? {} : { referrerDestination: to }),
  };
}

/** A target without a tag means latest, as in regsync, and not the source's tag. */
function warnOfLatest(
  type: SyncRule["type"],
  source: string | undefined,
  target: string,
  at: Path,
  mistakes: Mistakes,
): void {
  if (type !== "image" || source === undefined || !target.endsWith(":latest")) return;
  const { tag } = parseReference(source);
  if (tag !== "latest") mistakes.warn(at, `${source} goes to the tag latest`);
}

function readName(
  type: SyncRule["type"] | "beginning",
  text: string,
  at: Path,
  { mistakes, aliases }: NamesContext,
): string | undefined {
  const rename = ({ registry, ...rest }: Reference): Reference => ({
    ...rest,
    registry: aliases.get(registry) ?? registry,
  });
  return mistakes.try(at, () => {
    switch (type) {
      case "image":
        return formatReference(rename(withDefaultTag(parseReference(text))));
      case "repository":
        return formatReference(rename(parseRepository(text)));
      case "beginning":
        if (text.includes("/")) return formatReference(rename(parseRepository(text)));
        return readRegistry(text, aliases);
      case "registry": {
        const registry = readRegistry(text, aliases);
        if (registry === "docker.io") {
          mistakes.add(at, "Docker Hub has no list of its repositories; write a rule for each");
        }
        return registry;
      }
    }
  });
}

function readRegistry(text: string, aliases: ReadonlyMap<string, string>): string {
  const registry = parseRegistry(text);
  return aliases.get(registry) ?? registry;
}
