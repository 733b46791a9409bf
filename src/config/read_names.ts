/** Reads the names of a rule: renders templates, resolves aliases of hosts and normalizes every name. */
import {
  formatReference,
  isLocal,
  parseReference,
  parseRegistry,
  parseRepository,
  withDefaultTag,
} from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { ConfigNode } from "./config_node.ts";
import type { Inherited } from "./read_inherited.ts";
import type { RenderAt } from "./render_at.ts";
import type { RuleCopyOptions, SyncRule } from "../sync/rule.ts";

export interface Names {
  readonly source: string;
  readonly targets: readonly string[];
  /** `.Sync` for templates that are rendered later: `Source` and the first `Target` as rendered here. */
  readonly sync: Readonly<Record<string, string>>;
}

export interface NamesContext {
  readonly render: RenderAt;
  /** Hosts by the names that `creds` give them. */
  readonly aliases: ReadonlyMap<string, string>;
  /** `.Sync` in templates: the texts of the file. `Source` is rendered before targets are. */
  readonly sync: Readonly<Record<string, string>>;
  /** Whether names of folders and files are accepted. */
  readonly allowsLocal: boolean;
}

/** Reads source and targets of a rule; `undefined` if one has a mistake. */
export function readNames(
  type: SyncRule["type"],
  node: ConfigNode,
  context: NamesContext,
): Names | undefined {
  const { render } = context;
  const sourceNode = node.at("source");
  const sourceText = render(sourceNode, { Sync: context.sync });
  const source = sourceText === undefined
    ? undefined
    : parseName(type, sourceText, sourceNode, context);
  const sync = { ...context.sync, Source: sourceText ?? sourceNode.text };
  const targets: string[] = [];
  const texts: string[] = [];
  const targetNodes = listTargets(node);
  for (const target of targetNodes) {
    const text = render(target, { Sync: sync });
    const name = text === undefined
      ? undefined
      : parseName(type === "registry" ? "prefix" : type, text, target, context);
    if (text === undefined || name === undefined) continue;
    texts.push(text);
    if (name === source) target.addMistake("the target is the source itself");
    else if (targets.includes(name)) target.addMistake(`${name} appears twice`);
    else targets.push(name);
    if (type === "image" && source !== undefined) warnOfLatest(source, name, target);
  }
  const isComplete = targets.length > 0 && targets.length === targetNodes.length;
  return source !== undefined && isComplete
    ? { source, targets, sync: { ...sync, Target: texts[0] ?? "" } }
    : undefined;
}

/** The nodes of `target` or `targets`. */
function listTargets(node: ConfigNode): ConfigNode[] {
  const [one, several] = [node.at("target"), node.at("targets")];
  if (!several.exists) {
    if (!one.exists) one.addMistake("is missing");
    return [one];
  }
  if (!one.exists) return several.items();
  several.addMistake("there is a target already; write all targets here", "key");
  return [];
}

/** Reads the repositories of referrers, if they are not those of the image, into keys of a copy request. */
export function readReferrerNames(
  { referrerSource, referrerTarget }: Pick<Inherited, "referrerSource" | "referrerTarget">,
  context: NamesContext,
): Pick<RuleCopyOptions, "referrerSource" | "referrerDestination"> {
  const read = (node: ConfigNode | undefined): string | undefined => {
    if (!node) return undefined;
    const text = context.render(node, { Sync: context.sync });
    return text === undefined ? undefined : parseName("repository", text, node, context);
  };
  const source = read(referrerSource);
  const target = read(referrerTarget);
  return {
    ...(source === undefined ? {} : { referrerSource: source }),
    ...(target === undefined ? {} : { referrerDestination: target }),
  };
}

/** A target without a tag means latest, as in regsync, and not the source's tag. */
function warnOfLatest(source: string, target: string, node: ConfigNode): void {
  if (target.endsWith(":latest") && parseReference(source).tag !== "latest") {
    node.addWarning(`${source} is copied to the tag latest`);
  }
}

/** Layouts that can hold several images, and one image for each repository. */
const LOCAL = /^(oci|ocidir):(?![0-9]+(\/|$))/;

function parseName(
  type: SyncRule["type"] | "prefix",
  text: string,
  node: ConfigNode,
  { aliases, allowsLocal }: NamesContext,
): string | undefined {
  const isLocalName = LOCAL.test(text);
  const resolve = (registry: string): string => aliases.get(registry) ?? registry;
  const format = ({ registry, ...rest }: Reference): string => {
    if (isLocal({ registry })) {
      if (!allowsLocal) {
        node.addMistake("a server has no folders; run this rule with crossdock sync");
      } else if (!isLocalName) node.addMistake("it cannot keep several images; write oci:PATH");
    }
    return formatReference({ ...rest, registry: resolve(registry) });
  };
  return node.try(() => {
    switch (type) {
      case "image":
        return format(withDefaultTag(parseReference(text)));
      case "repository":
        return format(parseRepository(text));
      case "prefix":
        return isLocalName || text.includes("/")
          ? format(parseRepository(text))
          : resolve(parseRegistry(text));
      case "registry": {
        if (isLocalName) return format(parseRepository(text));
        const registry = resolve(parseRegistry(text));
        if (registry === "docker.io") {
          node.addMistake(
            "Docker Hub does not list its repositories; write a rule for each repository",
          );
        }
        return registry;
      }
    }
  });
}
