/** All commands: what `crossdock --help` lists, and how each is loaded. */
import type { Command } from "@commander-js/extra-typings";
import type { CommandContext } from "./command_context.ts";

type DefineCommand = (command: Command, context: CommandContext) => void;

/** A command line that can be copied, for the end of the command's help. */
export interface Example {
  /** What the command line does: a sentence without a period. */
  readonly text: string;
  readonly command: string;
}

interface CommandEntry {
  readonly name: string;
  /** The heading in the list of commands. */
  readonly group: string;
  readonly description: string;
  readonly examples: readonly Example[];
  /** Loads the module of the command, which adds its arguments, options and action. */
  readonly load: () => Promise<DefineCommand>;
}

const COPY = "Copy and compare images:";
const MIRROR = "Keep mirrors up to date:";
const LOOK = "Look into registries:";
const SERVER = "Run a server, or use one:";
/** Also the heading of `help`. */
export const OTHER = "Other:";

/** For `crossdock --help`. */
export const EXAMPLES: readonly Example[] = [
  {
    text: "Copy an image with all platforms, signatures and SBOMs",
    command: "crossdock copy alpine:3.22 registry.example.com/mirror/alpine",
  },
  {
    text: "Set up a mirror, and see what it would copy",
    command: "crossdock init && crossdock sync --dry-run",
  },
];

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "copy",
    group: COPY,
    description: "copy an image or artifact, with all platforms and signatures",
    examples: [
      {
        text: "Copy an image with all platforms, signatures and SBOMs",
        command: "crossdock copy docker.io/library/alpine:3.22 registry.example.com/alpine",
      },
      {
        text: "Copy one platform, with the destination's credentials in a variable",
        command: "crossdock copy --platform linux/arm64 --dest-creds-env CREDS alpine b.io/app",
      },
      {
        text: "Save an image in a file that docker load can read",
        command: "crossdock copy alpine:3.22 docker-archive:alpine.tar",
      },
    ],
    load: async () => (await import("./copy.ts")).defineCopy,
  },
  {
    name: "plan",
    group: COPY,
    description: "show what copy would do, and copy nothing",
    examples: [
      {
        text: "List the blobs and manifests that the destination lacks",
        command: "crossdock plan ghcr.io/acme/app:1.4 registry.example.com/acme/app",
      },
      {
        text: "Print the number of bytes to copy",
        command: "crossdock plan --json ghcr.io/acme/app b.io/app | jq .totals.bytes.stream",
      },
    ],
    load: async () => (await import("./plan.ts")).definePlan,
  },
  {
    name: "verify",
    group: COPY,
    description: "compare an image with its copy, down to each blob",
    examples: [
      {
        text: "Check that a mirror has the same image, with its signatures",
        command: "crossdock verify alpine:3.22 registry.example.com/alpine:3.22",
      },
      {
        text: "Check an image in a file",
        command: "crossdock verify alpine:3.22 oci-archive:alpine.tar",
      },
    ],
    load: async () => (await import("./verify.ts")).defineVerify,
  },
  {
    name: "verify-signature",
    group: COPY,
    description: "check that an image has the signatures you require",
    examples: [
      {
        text: "Check that the owner of a key signed an image",
        command: "crossdock verify-signature --key cosign.pub ghcr.io/acme/app:1.4",
      },
      {
        text: "Check an image against the policy of a mirror",
        command: "crossdock verify-signature --policy crossdock.yaml ghcr.io/acme/app:1.4",
      },
    ],
    load: async () => (await import("./verify_signature.ts")).defineVerifySignature,
  },
  {
    name: "receipts",
    group: COPY,
    description: "list the receipts of a copy: who copied what from where",
    examples: [
      {
        text: "List the receipts of an image and its platforms",
        command: "crossdock receipts registry.example.com/mirror/app:1.4",
      },
      {
        text: "Check that the mirror has signed one for each of them",
        command: "crossdock receipts --key mirror.pub registry.example.com/mirror/app:1.4",
      },
    ],
    load: async () => (await import("./receipts.ts")).defineReceipts,
  },
  {
    name: "init",
    group: MIRROR,
    description: "write a crossdock.yaml from answers to a few questions",
    examples: [
      {
        text: "Answer questions, and check the credentials",
        command: "crossdock init",
      },
      {
        text: "Ask nothing",
        command: "crossdock init --source alpine --destination b.io/alpine --interval 6h",
      },
    ],
    load: async () => (await import("./init.ts")).defineInit,
  },
  {
    name: "sync",
    group: MIRROR,
    description: "run the rules of crossdock.yaml, which describe mirrors",
    examples: [
      {
        text: "Show what the rules of ./crossdock.yaml would copy and delete",
        command: "crossdock sync --dry-run",
      },
      {
        text: "Run the rules of a file on their schedules until Ctrl-C",
        command: "crossdock sync --config mirrors.yaml --watch",
      },
    ],
    load: async () => (await import("./sync.ts")).defineSync,
  },
  {
    name: "check",
    group: MIRROR,
    description: "check crossdock.yaml without a request to a registry",
    examples: [
      {
        text: "Check the file of a pull request, and list its rules",
        command: "crossdock check",
      },
      {
        text: "Check another file; only its mistakes are printed",
        command: "crossdock check --quiet mirrors.yaml",
      },
    ],
    load: async () => (await import("./check.ts")).defineCheck,
  },
  {
    name: "import",
    group: MIRROR,
    description: "convert the file of another mirror program to crossdock.yaml",
    examples: [
      {
        text: "Convert a file of skopeo sync",
        command: "crossdock import --from skopeo --to b.io/mirror sync.yaml > crossdock.yaml",
      },
      {
        text: "Convert a file of dregsy",
        command: "crossdock import --from dregsy dregsy.yaml > crossdock.yaml",
      },
    ],
    load: async () => (await import("./import.ts")).defineImport,
  },
  {
    name: "inspect",
    group: LOOK,
    description: "show an image: manifests, platforms, layers, sizes, referrers",
    examples: [
      {
        text: "Show an image of Docker Hub",
        command: "crossdock inspect alpine:3.22",
      },
      {
        text: "Print the digest that a tag points to",
        command: "crossdock inspect --json ghcr.io/acme/app | jq -r .root.descriptor.digest",
      },
    ],
    load: async () => (await import("./inspect.ts")).defineInspect,
  },
  {
    name: "digest",
    group: LOOK,
    description: "print the digest of an image, or of one platform of it",
    examples: [
      {
        text: "Print the digest that a tag points to",
        command: "crossdock digest alpine:3.22",
      },
      {
        text: "Print the digest of the image for one platform",
        command: "crossdock digest --platform linux/arm64 alpine:3.22",
      },
    ],
    load: async () => (await import("./digest.ts")).defineDigest,
  },
  {
    name: "tags",
    group: LOOK,
    description: "list the tags of a repository, one per line",
    examples: [
      {
        text: "List the tags of a repository",
        command: "crossdock tags ghcr.io/acme/app",
      },
      {
        text: "List the tags of a registry without TLS",
        command: "crossdock tags --tls off registry.local:5000/app",
      },
    ],
    load: async () => (await import("./tags.ts")).defineTags,
  },
  {
    name: "auth",
    group: LOOK,
    description: "check which credential a registry gets, and if it accepts it",
    examples: [
      {
        text: "Check the credential that docker login has stored",
        command: "crossdock auth ghcr.io",
      },
      {
        text: "Check the credential in the variable CREDS, for one repository",
        command: "crossdock auth --creds-env CREDS registry.example.com/acme/app",
      },
    ],
    load: async () => (await import("./auth.ts")).defineAuth,
  },
  {
    name: "serve",
    group: SERVER,
    description: "start the server: the HTTP API, schedules and webhooks",
    examples: [
      {
        text: "Run the rules of ./crossdock.yaml on their schedules and webhooks",
        command: "CROSSDOCK_CONFIG_FILE=crossdock.yaml crossdock serve",
      },
      {
        text: "Try the HTTP API on this machine, on another port",
        command: "CROSSDOCK_OPEN=true PORT=9000 crossdock serve",
      },
    ],
    load: async () => (await import("./serve.ts")).defineServe,
  },
  {
    name: "status",
    group: SERVER,
    description: "show the state of a copy that copy --detach started",
    examples: [
      {
        text: "Show the state of a copy",
        command: "crossdock status --via https://crossdock.example.com ID",
      },
      {
        text: "Print its state in one word",
        command: "crossdock status --json --via https://crossdock.example.com ID | jq .state",
      },
    ],
    load: async () => (await import("./durable_copy.ts")).defineStatus,
  },
  {
    name: "cancel",
    group: SERVER,
    description: "cancel a copy that copy --detach started",
    examples: [
      {
        text: "Cancel a copy, with the server's token in CROSSDOCK_TOKEN",
        command: "crossdock cancel --via https://crossdock.example.com ID",
      },
      {
        text: "Cancel a copy, with the server's token from a file",
        command: "crossdock cancel --via https://c.example.com --via-token-fd 3 ID 3< token",
      },
    ],
    load: async () => (await import("./durable_copy.ts")).defineCancel,
  },
  {
    name: "completion",
    group: OTHER,
    description: "print the script that completes commands and flags in a shell",
    examples: [
      {
        text: "Install it for bash, as root",
        command: "crossdock completion bash > /etc/bash_completion.d/crossdock",
      },
      {
        text: "Install it for zsh, in a folder of fpath",
        command: 'crossdock completion zsh > "${fpath[1]}/_crossdock"',
      },
      {
        text: "Install it for fish",
        command: "crossdock completion fish > ~/.config/fish/completions/crossdock.fish",
      },
    ],
    load: async () => (await import("./completion.ts")).defineCompletion,
  },
  {
    name: "version",
    group: OTHER,
    description: "print the version",
    examples: [{ text: "Print the version", command: "crossdock version" }],
    load: async () => (await import("./version.ts")).defineVersion,
  },
];
