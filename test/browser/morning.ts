/** A mirror in the morning: a run at night copied most tags and failed for one, then the source changed. */
import { putCosignSignature, putImage } from "../support/image.ts";
import type { Fault } from "../support/registry.ts";
import { COPY_TOKEN, startMirrorServer } from "./mirror_server.ts";
import type { MirrorServer } from "./mirror_server.ts";

/** Its tags: `1.0` in step, `1.1` behind, `1.2` missing, `1.3` incomplete, `1.4` failed, `old` surplus. */
export async function startMorning(): Promise<MirrorServer & { readonly refusal: Fault }> {
  const server = await startMirrorServer({
    rules: (source, target) =>
      `sync:
- {name: app, source: ${source}/app, target: ${target}/mirror/app, type: repository, referrers: true, digestTags: true, prune: {}, schedule: "CRON_TZ=Asia/Tokyo 0 3 * * *"}
- {name: idle, source: ${source}/idle, target: ${target}/mirror/idle, type: repository, interval: 60m}
`,
  });
  const { source, target } = server;
  for (const [i, tag] of ["1.0", "1.1", "1.3", "1.4"].entries()) {
    await putImage(source, "app", { tag, seed: i + 1 });
  }
  const refusal = target.fail({
    method: "PUT",
    path: "/v2/mirror/app/manifests/1.4",
    times: Infinity,
    action: {
      status: 403,
      body: '{"errors":[{"code":"DENIED","message":"this tag is immutable"}]}',
    },
  });
  await runRules(server.url, { rules: ["app"] });
  await putImage(source, "app", { tag: "1.1", seed: 11 });
  await putImage(source, "app", { tag: "1.2", seed: 12 });
  const { digest = "sha256:" } = source.getManifest("app", "1.3") ?? {};
  await putCosignSignature(source, "app", digest as `sha256:${string}`);
  await putImage(target, "mirror/app", { tag: "old", seed: 20 });
  return Object.assign(server, { refusal });
}

/** Runs rules as a caller of the API. */
export async function runRules(url: string, body: unknown): Promise<void> {
  const response = await fetch(`${url}/v1/syncs`, {
    method: "POST",
    headers: {
      accept: "application/json",
      authorization: `Bearer ${COPY_TOKEN}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  await response.body?.cancel();
}
