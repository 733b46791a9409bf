/**
 * The programs that the bench compares, as command templates. Where a tool has an option for blobs or images at once, it is set to 16,
 * which is the default of crossdock for blobs.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BIN = `${ROOT}.cache/bin`;

/** Node and Bun. */
export const RUNTIMES = `${ROOT}.cache/runtimes/node_modules/.bin`;

/**
 * What a scenario does:
 * - `copy` of an image; `tokens` if both registries require tokens; `unchanged` if the destination has the image
 * - `related`: an image with its referrers and its signature
 * - `hashed`, `unhashed`: an image, with the digests checked by the tool, or by the destination where the tool can leave it that
 * - `mount`: an image from another repository of the same registry
 * - `sync` of a repository; `missing` if only missing tags are copied; `state` with a state that the run before has stored
 */
export type Action =
  | "copy"
  | "tokens"
  | "unchanged"
  | "related"
  | "hashed"
  | "unhashed"
  | "mount"
  | "sync"
  | "missing"
  | "state";

/** A program that ends when it has done its work. */
export interface CommandTool {
  readonly name: string;
  readonly kind: "floor" | "ours" | "peer";
  /**
   * Words are separated by spaces. `{source}` and `{destination}` are `host/repository:tag`, or `host/repository` for repositories.
   * `{sourceHost}` and `{destinationHost}` are their hosts, and `{config}` and `{state}` are paths.
   */
  readonly commands: Readonly<Partial<Record<Action, string>>>;
  /** The content of the file `{config}`. */
  readonly config?: string;
  /** Prints the version. */
  readonly version?: string;
}

/** Our server, to which copies are sent. It is measured from the request to the response. */
export interface ServerTool {
  readonly name: string;
  readonly kind: "ours";
  readonly server: "deno" | "workerd";
}

export type Tool = CommandTool | ServerTool;

const FLOOR: CommandTool = {
  name: "floor",
  kind: "floor",
  commands: {
    copy: "instruments floor copy {source} {destination}",
    tokens: "instruments floor copy -tokens {source} {destination}",
    related: "instruments floor copy -related {source} {destination}",
    unchanged: "instruments floor compare {source} {destination}",
    hashed: "instruments floor copy -hash {source} {destination}",
    unhashed: "instruments floor copy {source} {destination}",
    mount: "instruments floor mount {source} {destination}",
    sync: "instruments floor sync {source} {destination}",
    missing: "instruments floor sync -missing {source} {destination}",
  },
};

/** Without referrers and signatures, which most other tools do not look for either. */
const ALONE = "--no-referrers --no-digest-tags --progress none";

function ours(name: string, program: string): CommandTool {
  const copy = `${program} copy {source} {destination} ${ALONE}`;
  const sync = `${program} sync --config {config} --progress none`;
  return {
    name,
    kind: "ours",
    commands: {
      copy,
      related: `${program} copy {source} {destination} --progress none`,
      hashed: `${copy} --verify stream`,
      unhashed: `${copy} --verify destination`,
      mount: copy,
      sync,
      missing: `${sync} --missing`,
      ...(hasState() ? { state: `${sync} --state {state}` } : {}),
    },
    config: "{defaults: {parallel: 16}, " +
      "sync: [{type: repository, source: {source}, target: {destination}}]}",
  };
}

/** Whether `crossdock sync` can remember a state. */
function hasState(): boolean {
  return readFileSync(`${ROOT}src/cli/options/options.ts`, "utf8").includes("--state ");
}

const BUNDLE = `${ROOT}dist/bin/crossdock.js`;
const DENO = `${process.execPath} run --quiet --no-prompt --allow-all`;

const OURS: readonly Tool[] = [
  ours("Deno, sources", `${DENO} ${ROOT}src/cli/main.ts`),
  ours("Deno", `${DENO} --no-lock --no-config ${BUNDLE}`),
  ours("Node", `${RUNTIMES}/node ${BUNDLE}`),
  ours("Bun", `${RUNTIMES}/bun ${BUNDLE}`),
  ours("one file", `${ROOT}dist/crossdock`),
  { name: "server, Deno", kind: "ours", server: "deno" },
  { name: "server, workerd", kind: "ours", server: "workerd" },
];

const SKOPEO = "skopeo-library copy {source} {destination}";
const CRANE = "crane copy --insecure {source} {destination}";
const REGCTL =
  "regctl --host reg={sourceHost},tls=disabled --host reg={destinationHost},tls=disabled image copy";
const ORAS = "oras copy --no-tty --from-plain-http --to-plain-http --concurrency 16";

const PEERS: readonly CommandTool[] = [
  {
    name: "skopeo",
    kind: "peer",
    commands: {
      copy: SKOPEO,
      hashed: SKOPEO,
      mount: SKOPEO,
      sync: "skopeo-library sync {source} {destination}",
    },
    version: "skopeo-library version",
  },
  {
    name: "crane",
    kind: "peer",
    commands: {
      copy: CRANE,
      hashed: CRANE,
      mount: CRANE,
      sync: "crane copy --insecure --all-tags --jobs 16 {source} {destination}",
      missing: "crane copy --insecure --all-tags --no-clobber --jobs 16 {source} {destination}",
    },
    version: "crane version",
  },
  {
    name: "regctl",
    kind: "peer",
    commands: {
      copy: `${REGCTL} {source} {destination}`,
      related: `${REGCTL} --referrers --digest-tags {source} {destination}`,
      mount: `${REGCTL} {source} {destination}`,
    },
    version: "regctl version --format {{.VCSTag}}",
  },
  {
    name: "regsync",
    kind: "peer",
    commands: {
      sync: "regsync once --config {config}",
      missing: "regsync once --missing --config {config}",
    },
    config: `{version: 1, defaults: {parallel: 16}, creds: [
      {registry: {sourceHost}, tls: disabled, reqConcurrent: 16},
      {registry: {destinationHost}, tls: disabled, reqConcurrent: 16},
    ], sync: [{type: repository, source: {source}, target: {destination}}]}`,
    version: "regsync version --format {{.VCSTag}}",
  },
  {
    name: "oras",
    kind: "peer",
    commands: {
      copy: `${ORAS} {source} {destination}`,
      related: `${ORAS} --recursive {source} {destination}`,
      unhashed: `${ORAS} {source} {destination}`,
      mount: `${ORAS} {source} {destination}`,
    },
    version: "oras version",
  },
];

export const TOOLS: readonly Tool[] = [FLOOR, ...PEERS, ...OURS];

/** The fields of requests to our server. */
const SERVER_FIELDS: Readonly<Partial<Record<Action, object>>> = {
  copy: { referrers: false, digestTags: false },
  related: {},
  mount: { referrers: false, digestTags: false },
  hashed: { referrers: false, digestTags: false, verify: "stream" },
  unhashed: { referrers: false, digestTags: false, verify: "destination" },
};

/** Actions for which most tools have no command of their own. */
const LIKE: Readonly<Partial<Record<Action, Action>>> = { tokens: "copy", unchanged: "copy" };

/** The template for an action, if the tool can do it. */
export function templateOf({ commands }: CommandTool, action: Action): string | undefined {
  return commands[action] ?? commands[LIKE[action] ?? action];
}

/** The fields of a request for an action, without source and destination, if the server can do it. */
export function serverFieldsOf(action: Action): object | undefined {
  return SERVER_FIELDS[LIKE[action] ?? action];
}

export function canDo(tool: Tool, action: Action): boolean {
  return ("server" in tool ? serverFieldsOf(action) : templateOf(tool, action)) !== undefined;
}

/** Fills in the placeholders of a template. Others in braces stay. */
export function fillIn(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (text, key) => values[key] ?? text);
}

/** The environment of a program: no settings of the user, and the programs of setup.sh first. */
export function environmentOf(home: string): Record<string, string> {
  const { PATH = "", HOME = "", DENO_DIR = `${HOME}/.cache/deno` } = process.env;
  return { PATH: `${BIN}:${PATH}`, HOME: home, DENO_DIR, NO_COLOR: "1" };
}

/** The first line with a version that a tool prints. */
export function versionOf(command: string): string {
  const [program = "", ...args] = command.split(" ");
  const { stdout = "" } = spawnSync(program, args, { env: environmentOf("/"), encoding: "utf8" });
  return /v?\d+\.\d+\.\d+\S*/.exec(stdout)?.[0].replace(/^v/, "") ?? "unknown";
}
