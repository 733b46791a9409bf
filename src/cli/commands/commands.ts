/** All commands: what `crossdock --help` lists, and how each is loaded. */
import type { Command } from "@commander-js/extra-typings";
import type { CommandContext } from "./command_context.ts";

type DefineCommand = (command: Command, context: CommandContext) => void;

interface CommandEntry {
  readonly name: string;
  /** The arguments as the list of commands shows them. */
  readonly usage: string;
  readonly description: string;
  /** Loads the module of the command, which adds its arguments, options and action. */
  readonly load: () => Promise<DefineCommand>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "copy",
    usage: "[options] <source> <destination>",
    description: "copy an image or artifact, with all platforms and referrers (signatures, SBOMs)",
    load: async () => (await import("./copy.ts")).defineCopy,
  },
  {
    name: "plan",
    usage: "[options] <source> <destination>",
    description: "show what copy would do, and copy nothing",
    load: async () => (await import("./plan.ts")).definePlan,
  },
  {
    name: "sync",
    usage: "[options]",
    description: "run the rules of crossdock.yaml, which keep mirrors in step",
    load: async () => (await import("./sync.ts")).defineSync,
  },
  {
    name: "import",
    usage: "[options] <file> [auth-file]",
    description: "convert the file of another mirror program to a crossdock.yaml without secrets",
    load: async () => (await import("./import.ts")).defineImport,
  },
  {
    name: "inspect",
    usage: "[options] <reference>",
    description: "show an image: manifests, platforms, layers, sizes and referrers",
    load: async () => (await import("./inspect.ts")).defineInspect,
  },
  {
    name: "digest",
    usage: "[options] <reference>",
    description: "print the digest of an image, or of one platform of it",
    load: async () => (await import("./digest.ts")).defineDigest,
  },
  {
    name: "tags",
    usage: "[options] <repository>",
    description: "list the tags of a repository, one per line",
    load: async () => (await import("./tags.ts")).defineTags,
  },
  {
    name: "verify",
    usage: "[options] <source> <destination>",
    description: "compare an image with its copy, down to each blob, and copy nothing",
    load: async () => (await import("./verify.ts")).defineVerify,
  },
  {
    name: "auth",
    usage: "[options] <registry>",
    description:
      "show which credential is used for a registry (never the secret), and whether it is accepted",
    load: async () => (await import("./auth.ts")).defineAuth,
  },
  {
    name: "status",
    usage: "[options] <id>",
    description: "show the state of a copy that was started with copy --detach",
    load: async () => (await import("./durable_copy.ts")).defineStatus,
  },
  {
    name: "cancel",
    usage: "[options] <id>",
    description: "cancel a copy that was started with copy --detach",
    load: async () => (await import("./durable_copy.ts")).defineCancel,
  },
  {
    name: "serve",
    usage: "[options]",
    description: "start the server: the HTTP API, and the schedules and webhooks of crossdock.yaml",
    load: async () => (await import("./serve.ts")).defineServe,
  },
  {
    name: "version",
    usage: "[options]",
    description: "print the version",
    load: async () => (await import("./version.ts")).defineVersion,
  },
];
