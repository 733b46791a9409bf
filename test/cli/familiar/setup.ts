/** Runs crossdock with an engine that accepts everything, and records what it is asked for. */
import type { EngineOptions } from "../../../src/copier.ts";
import type { SideOptions } from "../../../src/sides.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCliOptions, Run } from "../fake_cli.ts";
import { CONFIG, MANIFEST, plan, report, verification } from "../samples.ts";
import { FILE, ruleReport, runnerOf } from "../sync_samples.ts";

const SOURCE = "src.example.com/app:1";
const DESTINATION = "dest.example.com/app:1";
const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/** A manifest with the config `{}`. */
const IMAGE = new TextEncoder().encode(JSON.stringify({
  schemaVersion: 2,
  mediaType: MANIFEST,
  config: {
    mediaType: CONFIG,
    digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    size: 2,
  },
  layers: [],
}));

/** What each command needs besides flags. */
export const OPERANDS: Readonly<Record<string, readonly string[]>> = {
  copy: [SOURCE, DESTINATION],
  plan: [SOURCE, DESTINATION],
  verify: [SOURCE, DESTINATION],
  inspect: [SOURCE],
  digest: [SOURCE],
  tags: ["src.example.com/app"],
  auth: ["src.example.com"],
  sync: [],
  serve: [],
};

export interface RecordedRun extends Run {
  /** The requests and the options of engines, which a run with other flags can be compared with. */
  readonly asked: unknown;
  /** Whether an engine was made. */
  readonly isStarted: boolean;
}

export async function runRecorded(
  argv: readonly string[],
  options: FakeCliOptions = {},
): Promise<RecordedRun> {
  const requests: unknown[] = [];
  const record = <Result>(result: Result) => (request: unknown): Promise<Result> => {
    requests.push(request);
    return Promise.resolve(result);
  };
  const descriptor = { mediaType: "a/b", digest: plan.root.digest, size: 1 };
  const engine = {
    copy: record(report),
    plan: record(plan),
    verify: record(verification),
    inspect: record({
      reference: SOURCE,
      root: { descriptor, kind: "image", layers: [], manifests: [], referrers: [], digestTags: [] },
      totalBytes: 0,
    }),
    openSource(reference: string): unknown {
      requests.push(reference);
      return {
        name: SOURCE,
        resolveManifest: () => Promise.resolve(descriptor),
        openBlob: () => Promise.resolve(new Response("{}")),
        fetchManifest: () => Promise.resolve({ ...descriptor, mediaType: MANIFEST, bytes: IMAGE }),
      };
    },
    checkAccess: record({ registry: "src.example.com", sources: [], result: "anonymous" }),
    async *tags(repository: string): AsyncGenerator<string[]> {
      requests.push(repository);
      yield await Promise.resolve(["1"]);
    },
  };
  const cli = fakeCli({
    engine: engine as FakeCliOptions["engine"] & object,
    runner: runnerOf({ base: ruleReport("base", []), apps: ruleReport("apps", []) }),
    files: { "crossdock.yaml": FILE, "/ca.pem": PEM, "/auth.json": "{}" },
    ...options,
  });
  const run = await cli.run(...argv);
  const asked = { requests, engines: await Promise.all(cli.engines.map(describeEngine)) };
  return { ...run, asked, isStarted: cli.engines.length > 0 };
}

async function describeEngine({ source, destination, ...rest }: EngineOptions): Promise<unknown> {
  const { runtime: _, layouts: __, pace: ___, ...numbers } = rest;
  return {
    ...numbers,
    source: await describeSide(source, "src.example.com"),
    destination: await describeSide(destination, "dest.example.com"),
  };
}

async function describeSide(side: SideOptions = {}, registry: string): Promise<unknown> {
  const { tls, credentials, caCerts } = side;
  const match = await credentials?.lookup(registry, "app");
  return {
    tls: typeof tls === "function" ? tls(registry) : tls,
    credential: match?.credential,
    caCerts: typeof caCerts === "function" ? caCerts(registry) : caCerts,
  };
}
