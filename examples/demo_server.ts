/**
 * Serves the page over four registries in this process, with a rule in each state: `deno task demo --serve`. The images, the runs and
 * the failures are real; only the clock of the first runs is set back, so that there is a history.
 */
import { randomUUID } from "node:crypto";
import { parseConfig } from "../src/config/parse_config.ts";
import { localPage } from "../src/entries/local_page.ts";
import { NetworkError } from "../src/errors.ts";
import { MemoryHistory } from "../src/history/memory_history.ts";
import { createRuntime } from "../src/hosts/detect.ts";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../src/oci/media_types.ts";
import { runClock } from "../src/rules/clock.ts";
import type { RuleOccasion } from "../src/rules/dispatch.ts";
import type { Runtime } from "../src/runtime.ts";
import { composeServer } from "../src/server/compose.ts";
import { putCosignSignature, putReferrer, randomBytes } from "../test/support/image.ts";
import { startRegistry } from "../test/support/registry.ts";
import type { EmbeddedRegistry, FaultAction, RunningRegistry } from "../test/support/registry.ts";
import { serve } from "../test/support/serve.ts";

const HOUR_MS = 3_600_000;

/** Delay of each upload, so that a copy can be watched. */
const UPLOAD_MS = 700;

const RULES = `
creds:
- { registry: mirror.example, user: demo, pass: demo-password }
sync:
- name: nginx
  source: hub.example/library/nginx
  target: mirror.example/hub/nginx
  type: repository
  tags: { allow: ['1\\..*', stable] }
  interval: 1h
- name: app
  source: vendor.example/team/app
  targets: [mirror.example/team/app, mirror.example/backup/app]
  type: repository
  tags: { allow: ['1\\..*'] }
  referrers: true
  digestTags: true
  schedule: CRON_TZ=Europe/Berlin 30 2 * * 1-5
- name: base-images
  source: hub.example/library/alpine
  target: mirror.example/hub/alpine
  type: repository
  tags: { semverRange: ['>=3.18'] }
  prune: { keep: ['keep-.*'], maxShare: 0.5 }
  interval: 6h
- name: postgres
  source: limited.example/library/postgres
  target: mirror.example/hub/postgres
  type: repository
  interval: 6h
  ratelimit: { min: 20 }
- name: tools
  source: vendor.example/team/tools
  target: mirror.example/locked/tools
  type: repository
  schedule: '@daily'
- name: partner
  source: vendor.example/partner/agent
  target: mirror.example/partner/agent
  type: repository
  interval: 12h
- name: archive
  source: vendor.example/team/app:1.0
  target: mirror.example/archive/app:1.0
  type: image
  schedule: CRON_TZ=America/New_York 0 4 1 1 *
webhooks:
  in:
    vendor: { sender: plain, place: vendor.example, kind: bearer, secrets: [HOOK_SECRET] }
`;

export interface DemoServer extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
}

/** @param options.port Default: a free port */
export async function startDemoServer(
  { port = 0 }: { readonly port?: number } = {},
): Promise<DemoServer> {
  await using started = new AsyncDisposableStack();
  const token = `demo-${randomUUID()}`;
  const hookSecret = randomUUID();
  const auth = { type: "basic", users: { demo: "demo-password" } } as const;
  const location = "relative";
  const hub = started.use(await startRegistry({ location }));
  const vendor = started.use(await startRegistry({ location }));
  const limited = started.use(await startRegistry({ location }));
  const mirror = started.use(await startRegistry({ location, auth }));
  await putImages({ hub, vendor, limited });
  // The first fault that matches a request is the one that happens.
  limited.fail({
    path: "/postgres/manifests/18",
    times: Infinity,
    optional: true,
    action: { status: 429, headers: { "retry-after": "5400" } },
  });
  for (const registry of [hub, limited]) {
    const left = registry === hub ? 76 : 20;
    registry.fail({
      path: "/manifests/",
      times: Infinity,
      optional: true,
      action: {
        tamper(response): Response {
          const headers = new Headers(response.headers);
          headers.set("ratelimit-limit", "100;w=21600");
          headers.set("ratelimit-remaining", `${left};w=21600`);
          return new Response(response.body, { status: response.status, headers });
        },
      },
    });
  }
  vendor.fail({
    path: "/v2/partner/",
    times: Infinity,
    optional: true,
    action: refuse(401, "UNAUTHORIZED", "authentication required"),
  });
  mirror.fail({
    path: /\/v2\/locked\/.*\/blobs\/uploads/,
    times: Infinity,
    optional: true,
    action: refuse(403, "DENIED", "requested access to the resource is denied"),
  });

  let backMs = 0;
  const runtime = withNames(await createRuntime(), {
    "hub.example": hub,
    "vendor.example": vendor,
    "limited.example": limited,
    "mirror.example": mirror,
  }, () => Date.now() - backMs);
  const jobs = new Set<Promise<unknown>>();
  const { app, dispatch, config } = composeServer(
    parseConfig({
      CROSSDOCK_TOKENS: JSON.stringify({ you: token }),
      CROSSDOCK_ALLOW_SOURCES:
        "hub.example/**,vendor.example/**,limited.example/**,mirror.example/**",
      CROSSDOCK_ALLOW_DESTINATIONS: "mirror.example/**",
      CROSSDOCK_CONFIG: RULES.replace("HOOK_SECRET", hookSecret),
    }),
    {
      runtime,
      write: () => {},
      pageFiles: localPage,
      history: new MemoryHistory(),
      background: (job) => void jobs.add(job.finally(() => jobs.delete(job)).catch(() => {})),
    },
  );

  /** Runs rules as their schedules would have done some hours ago. */
  async function runBack(
    hours: number,
    names: readonly string[],
    by: RuleOccasion["by"],
  ): Promise<void> {
    backMs = hours * HOUR_MS;
    for (const rule of config.sync.rules) {
      if (names.includes(rule.name)) await dispatch(rule, { by, at: runtime.now() });
    }
    await Promise.all(jobs);
  }
  const call = (path: string, bearer: string, body: unknown): Promise<Response> | Response =>
    app.request(path, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  const all = config.sync.rules.map(({ name }) => name).filter((name) => name !== "archive");
  await runBack(27, all, "start");
  await putDemoImage(mirror, "hub/alpine", { tag: "3.16", seed: 60 });
  await runBack(21, ["base-images", "postgres"], "schedule");
  await runBack(15, ["nginx", "base-images", "postgres"], "schedule");
  await putDemoImage(vendor, "team/app", { tag: "1.3", seed: 13 });
  backMs = 11 * HOUR_MS;
  await call("/hooks/vendor", hookSecret, { repository: "vendor.example/team/app", tag: "1.3" });
  await call("/hooks/vendor", "not-the-secret", {
    repository: "vendor.example/team/app",
    tag: "1.3",
  });
  await Promise.all(jobs);
  await runBack(3, ["nginx", "tools"], "schedule");
  backMs = 2 * HOUR_MS;
  await (await call("/v1/syncs", token, { rules: ["base-images"] })).text();
  const one = {
    source: "hub.example/library/nginx:1.29",
    destination: "mirror.example/manual/nginx:1.29",
  };
  await (await call("/v1/copies", token, one)).text();
  await Promise.all(jobs);
  backMs = 0;

  // Tags that no rule selects.
  for (const [seed, tag] of ["3.15", "3.17", "keep-3.14"].entries()) {
    await putDemoImage(mirror, "hub/alpine", { tag, seed: 61 + seed });
  }
  // What has changed at the sources since the last runs.
  await putDemoImage(hub, "library/nginx", { tag: "stable", seed: 77 });
  await putDemoImage(hub, "library/nginx", { tag: "1.31", seed: 78 });
  const signed = vendor.getManifest("team/app", "1.2");
  if (signed) await putCosignSignature(vendor, "team/app", signed.digest);

  mirror.fail({
    method: "PUT",
    path: "/blobs/uploads/",
    times: Infinity,
    optional: true,
    action: { delayMs: UPLOAD_MS },
  });
  const stopping = started.adopt(new AbortController(), (controller) => controller.abort());
  runClock(config.sync.rules, { run: dispatch, runtime, stopping: stopping.signal })
    .catch((error) => {
      if (!stopping.signal.aborted) throw error;
    });
  const server = started.use(await serve((request) => app.fetch(request), { port }));
  const kept = started.move();
  return { url: server.url, token, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** A runtime in which the names of registries lead to those on loopback, with a clock of its own. */
function withNames(
  runtime: Runtime,
  registries: Readonly<Record<string, RunningRegistry>>,
  now: () => number,
): Runtime {
  function toLoopback({ host, pathname, search }: URL): URL {
    const registry = registries[host];
    if (!registry) throw new NetworkError("dns", `the demo has no registry ${host}`);
    return new URL(`${registry.url}${pathname}${search}`);
  }
  return {
    ...runtime,
    now,
    fetch: async (request) => await runtime.fetch({ ...request, url: toLoopback(request.url) }),
    upload: async (request) => await runtime.upload({ ...request, url: toLoopback(request.url) }),
  };
}

function refuse(status: number, code: string, message: string): FaultAction {
  const body = JSON.stringify({ errors: [{ code, message }] });
  const headers = {
    "content-type": "application/json",
    "www-authenticate": 'Basic realm="vendor"',
  };
  return { status, headers, body };
}

interface Sources {
  readonly hub: RunningRegistry;
  readonly vendor: RunningRegistry;
  readonly limited: RunningRegistry;
}

async function putImages({ hub, vendor, limited }: Sources): Promise<void> {
  for (const [seed, tag] of ["1.27", "1.28", "1.29", "1.30", "stable"].entries()) {
    await putDemoImage(hub, "library/nginx", { tag, seed });
  }
  for (const [seed, tag] of ["3.18", "3.19", "3.20", "3.21", "3.22"].entries()) {
    await putDemoImage(hub, "library/alpine", { tag, seed: 20 + seed });
  }
  for (const [seed, tag] of ["16", "17", "18"].entries()) {
    await putDemoImage(limited, "library/postgres", { tag, seed: 30 + seed });
  }
  await putDemoImage(vendor, "team/tools", { tag: "2.0", seed: 40 });
  await putDemoImage(vendor, "team/tools", { tag: "2.1", seed: 41 });
  for (const [seed, tag] of ["1.0", "1.1", "1.2"].entries()) {
    const index = await putDemoImage(vendor, "team/app", { tag, seed: 50 + seed });
    if (tag === "1.2") continue;
    await putCosignSignature(vendor, "team/app", index.digest);
    await putReferrer(vendor, "team/app", index, {
      artifactType: "application/spdx+json",
      payload: JSON.stringify({ spdxVersion: "SPDX-2.3", name: `team/app:${tag}` }),
      annotations: { "org.opencontainers.image.created": CREATED },
    });
  }
}

const CREATED = "2026-11-20T06:30:00Z";

/** Layers of a base, of packages and of the program, and the commands that made them. */
const LAYERS = [
  { kib: 3600, isShared: true, by: "ADD rootfs.tar.gz /" },
  { kib: 1400, isShared: true, by: "RUN install-packages ca-certificates tzdata" },
  { kib: 420, isShared: false, by: "COPY app /usr/bin/app" },
];

/** Puts an index of two images, whose configs have a history. Images of one repository have the base layers in common. */
async function putDemoImage(
  registry: EmbeddedRegistry,
  repository: string,
  { tag, seed }: { readonly tag: string; readonly seed: number },
): Promise<Descriptor> {
  const manifests: object[] = [];
  for (const [number, architecture] of ["amd64", "arm64"].entries()) {
    const layers: Descriptor[] = [];
    for (const [position, { kib, isShared }] of LAYERS.entries()) {
      const bytes = randomBytes(
        kib * 1024,
        1000 + (isShared ? 0 : seed) * 10 + position * 2 + number,
      );
      const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
      layers.push({ mediaType, ...await registry.putBlob(repository, bytes) });
    }
    const config = new TextEncoder().encode(JSON.stringify({
      os: "linux",
      architecture,
      created: CREATED,
      config: {
        Env: ["PATH=/usr/bin:/bin", `VERSION=${tag}`],
        Entrypoint: ["/usr/bin/app"],
        ExposedPorts: { "8080/tcp": {} },
        Labels: { "org.opencontainers.image.version": tag },
      },
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
      history: [
        ...LAYERS.map(({ by }) => ({ created: CREATED, created_by: by })),
        { created: CREATED, created_by: 'ENTRYPOINT ["/usr/bin/app"]', empty_layer: true },
      ],
    }));
    const mediaType = "application/vnd.oci.image.config.v1+json";
    const manifest = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType, ...await registry.putBlob(repository, config) },
      layers,
    };
    manifests.push({
      ...await registry.putManifest(repository, manifest, OCI_MANIFEST),
      platform: { os: "linux", architecture },
    });
  }
  const index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests,
    annotations: {
      "org.opencontainers.image.created": CREATED,
      "org.opencontainers.image.version": tag,
      "org.opencontainers.image.source": `https://vendor.example/${repository}`,
    },
  };
  return await registry.putManifest(repository, index, OCI_INDEX, [tag]);
}
