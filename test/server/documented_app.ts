/** A server between two embedded registries, which replace the registries in the examples of the document. */
import { createRuntime } from "../../src/hosts/detect.ts";
import { localPage } from "../../src/entries/local_page.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import type { App } from "../../src/server/app.ts";
import { HOOKS, METRICS } from "../../build/api/examples.ts";
import type { AppOptions } from "../../src/server/app_options.ts";
import { composeServer } from "../../src/server/compose.ts";
import type { HostOptions } from "../../src/server/compose.ts";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { randomBytes } from "../support/generated_bytes.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";

export const TOKEN = "a-token-of-the-examples";
export const READ_TOKEN = "another-one-that-may-read";

export interface DocumentedApp extends AsyncDisposable {
  readonly app: App;
  /** `docker.io` in the examples. It has their image. */
  readonly source: RunningRegistry;
  /** `registry.example.com` in the examples. It is empty. */
  readonly destination: RunningRegistry;
  /** Replaces the registries of an example by the addresses of the two embedded ones. */
  toReal(text: string): string;
  /** Reverts `toReal()`, and replaces durations and ids by those of the examples. */
  toExample(text: string): string;
}

export interface DocumentedOptions {
  readonly variables?: Readonly<Record<string, string>>;
  readonly host?: Partial<HostOptions & AppOptions>;
}

export async function startDocumentedApp(
  { variables = {}, host = {} }: DocumentedOptions = {},
): Promise<DocumentedApp> {
  await using started = new AsyncDisposableStack();
  const source = started.use(await startRegistry());
  const destination = started.use(await startRegistry({ strictManifests: false }));
  await putAlpine(source);
  const runtime = await createRuntime();
  const jobs = new Set<Promise<unknown>>();
  started.defer(async () => void await Promise.allSettled(jobs));
  const { app } = composeServer(
    parseConfig({
      CROSSDOCK_TOKENS: JSON.stringify({ ci: TOKEN, board: { token: READ_TOKEN, scope: "read" } }),
      CROSSDOCK_ALLOW_SOURCES: `${source.host}/library/*`,
      CROSSDOCK_ALLOW_DESTINATIONS: `${destination.host}/mirror/**`,
      CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
      CROSSDOCK_RETRIES: "0",
      CROSSDOCK_CONFIG: [
        "sync:",
        "- name: alpine",
        `  source: ${source.host}/library/alpine:3.20`,
        `  target: ${destination.host}/mirror/alpine:3.20`,
        "  type: image",
        "webhooks:",
        "  in:",
        `    plain: {kind: bearer, place: "${source.host}", secrets: [${TOKEN}]}`,
        `    quay: {kind: path, place: "${source.host}", secrets: [${HOOKS.quay.secret}]}`,
      ].join("\n"),
      ...variables,
    }),
    {
      runtime,
      write: () => {},
      metrics: countNothing,
      pageFiles: localPage,
      // The registries run until the jobs of events have ended.
      background: (job) => void jobs.add(job),
      ...host,
    },
  );
  const names = [["docker.io", source.host], ["registry.example.com", destination.host]] as const;
  const kept = started.move();
  return {
    app,
    source,
    destination,
    toReal: (text) => names.reduce((text, [name, real]) => text.replaceAll(name, real), text),
    toExample: (text) =>
      names.reduce((text, [name, real]) => text.replaceAll(real, name), text)
        .replace(/"name":"(node|bun)"/g, '"name":"deno"')
        .replace(/"durationMs":\d+/g, '"durationMs":1240')
        .replace(/"requestId":"[^"]+"/g, '"requestId":"0b1f6a52-5a5c-4c4e-9d5c-0f7f3e1d2a90"'),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The metrics of the example. */
function countNothing(): Promise<{ contentType: string; text: string }> {
  return Promise.resolve({ contentType: "text/plain; charset=utf-8", text: METRICS });
}

/** Puts an image with the size and structure of that in the examples. Its layer is noise. */
async function putAlpine(registry: RunningRegistry): Promise<void> {
  const repository = "library/alpine";
  const layer = {
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    ...await registry.putBlob(repository, randomBytes(3_623_807, 320)),
  };
  const content = {
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["/bin/sh"] },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  };
  const config = {
    mediaType: "application/vnd.oci.image.config.v1+json",
    ...await registry.putBlob(repository, new TextEncoder().encode(JSON.stringify(content))),
  };
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
  await registry.putManifest(repository, manifest, OCI_MANIFEST, ["3.20", "latest"]);
}
