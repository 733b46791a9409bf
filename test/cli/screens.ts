/** Renders what a user sees in a terminal with 80 columns, for docs/cli_screens.md: `deno task cli:record`. */
import { CopyError, imageNotFound } from "../../src/copy/copy_error.ts";
import type { Emit, Plan, Report } from "../../src/copy/model.ts";
import { CrossdockError } from "../../src/errors.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { complete } from "./completion/run_shell.ts";
import { fakeCli } from "./fake_cli.ts";
import type { FakeCliOptions, TextSink } from "./fake_cli.ts";
import { blobStep, digest, plan, report, tagStep } from "./samples.ts";
import { Screen } from "./screen.ts";

const COLUMNS = 80;
const MIB = 1024 * 1024;
const SOURCE = "docker.io/library/alpine:3.22";
const DESTINATION = "registry.example.com/mirror/alpine";

/** The page, with a heading for each screen. */
export async function renderScreens(): Promise<string> {
  const screens: [title: string, ...texts: string[]][] = [
    ["Help", await session({}, "--help")],
    ["Help of a command", await session({}, "copy", "--help")],
    [
      "A copy",
      await session(
        { engine: { copy: () => Promise.resolve(COPIED) } },
        "copy",
        SOURCE,
        DESTINATION,
      ),
    ],
    [
      "A budget",
      await session(
        { engine: { plan: () => Promise.resolve(PLANNED) } },
        "plan",
        "--budget",
        "workers-free",
        SOURCE,
        DESTINATION,
      ),
    ],
    ["A running copy", await renderRunning()],
    ["A failed copy", ...await renderFailures()],
    ["A failed copy as JSON", await renderJson()],
    ["Mistakes", ...await renderMistakes()],
    ["Completion", await renderCompletion()],
  ];
  return `# The command line, as it looks

\`deno task cli:record\` writes this page, and a test compares it.
${
    screens.map(([title, ...texts]) =>
      `\n## ${title}\n${texts.map((text) => `\n\`\`\`text\n${text}\`\`\`\n`).join("")}`
    ).join("")
  }`;
}

const COPIED: Report = {
  ...report,
  source: `${SOURCE}@${digest("f")}`,
  destination: `${DESTINATION}:3.22@${digest("f")}`,
};

const LAYERS = [blobStep("a", 3.5 * MIB), blobStep("b", 1200)];

const PLANNED: Plan = {
  ...plan,
  source: COPIED.source,
  destination: COPIED.destination,
  stages: [
    { name: "blobs", steps: LAYERS.map((step) => ({ ...step, found: "absent" })) },
    { name: "tag", steps: [tagStep] },
  ],
  foreign: [],
  requests: { source: 3, destination: 3 },
  totals: {
    blobs: { stream: 2, mount: 0, present: 0 },
    bytes: { stream: 3.5 * MIB + 1200, mount: 0, present: 0 },
    manifests: 1,
    requests: { source: 5, destination: 6 },
  },
};

/** A command line and its output, first that on stderr. */
async function session(options: FakeCliOptions, ...argv: string[]): Promise<string> {
  const cli = fakeCli({ ...options, columns: COLUMNS });
  (cli.environment.stdout as unknown as TextSink).columns = COLUMNS;
  const { stdout, stderr } = await cli.run(...argv);
  return `$ crossdock ${argv.join(" ")}\n${stderr}${stdout}`;
}

async function renderRunning(): Promise<string> {
  let lines: readonly string[] = [];
  const steps = [blobStep("a", 48 * MIB), blobStep("b", 9 * MIB), blobStep("c", 3 * MIB)];
  const cli = fakeCli({
    isTerminal: true,
    columns: COLUMNS,
    env: { NO_COLOR: "1" },
    engine: {
      copy(_, { emit = (): void => {} }: { emit?: Emit } = {}): Promise<Report> {
        const blobs = { name: "blobs" as const, steps };
        emit({
          type: "plan",
          plan: { ...plan, stages: [blobs, { name: "tag", steps: [tagStep] }] },
        });
        cli.advance(2000);
        for (const [i, { descriptor }] of steps.entries()) {
          const bytes = Math.floor(descriptor.size * (i + 2) / 5);
          emit({ type: "progress", digest: descriptor.digest, bytes, sizeBytes: descriptor.size });
        }
        emit({
          type: "retry",
          side: "source",
          what: "get blob",
          attempt: 1,
          delayMs: 500,
          reason: "get blob: docker.io answered 503",
        });
        cli.advance(500);
        lines = new Screen((cli.environment.stderr as unknown as TextSink).text, COLUMNS).lines;
        return Promise.resolve(COPIED);
      },
    },
  });
  await cli.run("copy", SOURCE, DESTINATION);
  return `$ crossdock copy ${SOURCE} ${DESTINATION}\n${lines.join("\n")}\n`;
}

const REFUSED = new CopyError(
  blobStep("a", 48 * MIB, {
    source: "docker.io/library/alpine",
    destination: "registry.example.com/mirror/alpine",
  }),
  new CrossdockError("network", "connect to registry.example.com: connection refused", {
    side: "destination",
    hint: "check the host and port, and that the registry is running",
  }),
);

function renderFailures(): Promise<string[]> {
  const failures: [error: CrossdockError, source: string][] = [
    [imageNotFound(parseReference("docker.io/library/alpine:3.22.9")), "alpine:3.22.9"],
    [
      new CrossdockError(
        "unauthorized",
        "get manifest ghcr.io/acme/app:1.4: ghcr.io answered 401 Unauthorized",
        {
          side: "source",
          hint: "no credential found for ghcr.io (~/.docker/config.json: 1 host, not ghcr.io); " +
            "log in to the registry, or pass a credential",
        },
      ),
      "ghcr.io/acme/app:1.4",
    ],
    [REFUSED, SOURCE],
  ];
  return Promise.all(failures.map(([error, source]) =>
    session(
      {
        engine: {
          copy: () => Promise.reject(error),
          async *tags(): AsyncGenerator<string[]> {
            yield await Promise.resolve(["3.21", "3.22", "3.22.1", "edge", "latest"]);
          },
        },
      },
      "copy",
      source,
      DESTINATION,
    )
  ));
}

function renderJson(): Promise<string> {
  const copy = (): Promise<never> => Promise.reject(REFUSED.cause);
  return session({ engine: { copy } }, "copy", "--json", SOURCE, DESTINATION);
}

function renderMistakes(): Promise<string[]> {
  return Promise.all([
    session({}, "cpoy", SOURCE, DESTINATION),
    session({}, "copy", SOURCE),
    session({}, "copy", "--platfrom", "linux/arm64", SOURCE, DESTINATION),
    session({}, "copy", "--platform", "linux", SOURCE, DESTINATION),
    session({}, "sync"),
    session({}, "init"),
  ]);
}

/** What bash shows at two Tabs. */
async function renderCompletion(): Promise<string> {
  const lines: string[] = [];
  for (const words of [[""], ["copy", "--src-"], ["copy", "--if-exists", ""], ["completion", ""]]) {
    const found = await complete("bash", "crossdock", ...words);
    lines.push(`$ crossdock ${words.join(" ")}⇥⇥`, ...toColumns(found));
  }
  return `${lines.join("\n")}\n`;
}

function toColumns(words: readonly string[]): string[] {
  const width = Math.max(...words.map((word) => word.length)) + 2;
  const perLine = Math.max(1, Math.floor(COLUMNS / width));
  const lines: string[] = [];
  for (let i = 0; i < words.length; i += perLine) {
    lines.push(words.slice(i, i + perLine).map((word) => word.padEnd(width)).join("").trimEnd());
  }
  return lines;
}
