/** The form of a copy: its options, as a route, as a request of the API, and as commands. */
import type { CopyRequestInput } from "../../src/copy/request.ts";
import type { Name } from "../parts/reference_name.ts";

/** The texts of the form by the names of the request. A missing one has the default. */
export type CopyForm = Readonly<Record<string, string | undefined>>;

export interface CopyOption {
  /** The name in the request, and in the query of the route. */
  readonly name: Exclude<keyof CopyRequestInput, "source" | "destination" | "referrerFilters">;
  readonly label: string;
  /** One sentence. */
  readonly help: string;
  /** The flag of `crossdock copy`. */
  readonly flag: string;
  /** `on`: set by a box that is empty by default; `off`: unset by a box that is ticked by default. */
  readonly kind: "list" | "choice" | "on" | "off";
  /** The first is the default. */
  readonly choices?: readonly string[];
}

export const OPTIONS: readonly CopyOption[] = [
  {
    name: "platforms",
    label: "Platforms",
    help: "Only these, such as linux/amd64, linux/arm64. Empty: all.",
    flag: "--platform",
    kind: "list",
  },
  {
    name: "index",
    label: "Index, with some platforms",
    help: "Make a new index, keep it as it is, copy the image without it, or fail.",
    flag: "--index",
    kind: "choice",
    choices: ["rebuild", "sparse", "unwrap", "refuse"],
  },
  {
    name: "ifExists",
    label: "If the tag exists",
    help: "With another digest: move the tag, copy nothing, or fail.",
    flag: "--if-exists",
    kind: "choice",
    choices: ["overwrite", "skip", "fail"],
  },
  {
    name: "verify",
    label: "Check of digests",
    help: "During the transfer (stream), or by the destination. Auto: large blobs there.",
    flag: "--verify",
    kind: "choice",
    choices: ["auto", "stream", "destination"],
  },
  {
    name: "additionalTags",
    label: "Additional tags",
    help: "More tags for the copy, separated by commas.",
    flag: "--additional-tag",
    kind: "list",
  },
  {
    name: "referrers",
    label: "Referrers",
    help: "Copy signatures, SBOMs and attestations that refer to the image.",
    flag: "--no-referrers",
    kind: "off",
  },
  {
    name: "digestTags",
    label: "Tags of cosign",
    help: "Copy signatures under tags such as sha256-….sig.",
    flag: "--no-digest-tags",
    kind: "off",
  },
  {
    name: "recheck",
    label: "Recheck everything",
    help: "Check each blob, even if the tag already has the right digest.",
    flag: "--recheck",
    kind: "on",
  },
  {
    name: "foreignLayers",
    label: "Foreign layers",
    help: "Copy layers too that are stored outside of the registry.",
    flag: "--foreign-layers",
    kind: "on",
  },
];

const FIELDS = ["source", "destination", ...OPTIONS.map(({ name }) => name)];

export function toForm(query: URLSearchParams): CopyForm {
  return Object.fromEntries(FIELDS.map((name) => [name, query.get(name) || undefined]));
}

/** The options that are not at their default. */
export function listChanged(form: CopyForm): CopyOption[] {
  return OPTIONS.filter(({ name }) => form[name] !== undefined);
}

export function toRequest(form: CopyForm): CopyRequestInput {
  const { source = "", destination = "" } = form;
  return {
    source: source.trim(),
    destination: destination.trim(),
    ...Object.fromEntries(
      listChanged(form).map(({ name, kind }) => {
        const text = form[name] ?? "";
        return [name, kind === "list" ? splitList(text) : kind === "choice" ? text : kind === "on"];
      }),
    ),
  };
}

function splitList(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

export interface CommandOptions {
  /** The URL of the server, without a slash at its end. */
  readonly url: string;
  /** Whether the server needs a token. */
  readonly needsToken: boolean;
  /** Whether the copy continues without its caller. */
  readonly isDurable: boolean;
}

/** The command `crossdock` that does the same copy on the same server. */
export function toCrossdockCommand(form: CopyForm, { url, isDurable }: CommandOptions): string {
  const { source, destination } = toRequest(form);
  const flags = listChanged(form).flatMap(({ name, flag, kind }) =>
    kind === "on" || kind === "off"
      ? [flag]
      : splitList(form[name] ?? "").map((value) => `${flag} ${quote(value)}`)
  );
  return [
    `crossdock copy ${quote(source)} ${quote(destination)}`,
    ...flags,
    `--via ${quote(url)}`,
    ...(isDurable ? ["--detach"] : []),
  ].join(" \\\n  ");
}

/** The command `curl` that does the same copy on the same server. */
export function toCurlCommand(
  form: CopyForm,
  { url, needsToken, isDurable }: CommandOptions,
): string {
  return [
    `curl --fail-with-body --no-buffer ${quote(`${url}/v1/copies`)}`,
    ...(needsToken ? ['--header "Authorization: Bearer $CROSSDOCK_TOKEN"'] : []),
    "--header 'Content-Type: application/json'",
    isDurable ? "--header 'Prefer: respond-async'" : "--header 'Accept: application/x-ndjson'",
    `--data ${quote(JSON.stringify(toRequest(form)))}`,
  ].join(" \\\n  ");
}

/** Quotes a word for a POSIX shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A destination for a source, below the first place that the server allows. */
export function suggestDestination(
  source: Name,
  allowed: readonly string[],
): string | undefined {
  const [glob] = allowed;
  if (glob === undefined) return undefined;
  const [prefix = ""] = glob.split(/[*?[{]/);
  if (!prefix.includes("/")) return undefined;
  // One star has no slash.
  const path = glob.includes("**") ? source.path : source.path.replace(/.*\//, "");
  const place = prefix === glob ? prefix : prefix.replace(/[^/]*$/, "") + path;
  return source.digest && !source.tag ? place : `${place}:${source.tag ?? "latest"}`;
}
