import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import type { DurableCopies, DurableCopy } from "../../src/durable/durable_copies.ts";
import { OCI_INDEX } from "../../src/oci/media_types.ts";
import { toCrossdockCommand, toCurlCommand, toRequest } from "../../page/views/copy_request.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { runCrossdock } from "../support/run_crossdock.ts";
import { ConnectionCut } from "../support/serve.ts";
import { startCrossdock } from "../workers/support.ts";
import { checkAccessibility, openView } from "./browser.ts";
import { checkWidth } from "./check_width.ts";
import { COPY_TOKEN, READ_TOKEN, startMirrorServer } from "./mirror_server.ts";
import type { MirrorServer } from "./mirror_server.ts";

const MIB = 1024 * 1024;

/** The route with the names of a copy of `app:1`. */
function routeTo(
  { source, target }: Pick<MirrorServer, "source" | "target">,
  more: Record<string, string> = {},
): string {
  const names = { source: `${source.host}/app:1`, destination: `${target.host}/mirror/app:1` };
  return `copy?${new URLSearchParams({ ...names, ...more })}`;
}

async function plan(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await page.getByRole("list", { name: "What the copy does" }).waitFor();
}

/** Holds every download of a blob at its middle. */
function holdDownloads(registry: RunningRegistry): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  registry.fail({
    method: "GET",
    path: "/blobs/",
    times: Infinity,
    action: {
      tamper: (response) => new Response(response.body && holdMiddle(response.body), response),
    },
  });
  function holdMiddle(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    return body.pipeThrough(
      new TransformStream({
        async transform(chunk: Uint8Array, controller): Promise<void> {
          const middle = chunk.length >> 1;
          controller.enqueue(chunk.subarray(0, middle));
          await promise;
          controller.enqueue(chunk.subarray(middle));
        },
      }),
    );
  }
  return resolve;
}

for (const theme of ["light", "dark"] as const) {
  test(`a copy is watched from its plan to its report, in the ${theme} theme`, async () => {
    await using server = await startMirrorServer();
    const { source, target } = server;
    const { descriptor, images } = await putIndex(source, "app", {
      platforms: ["linux/amd64", "linux/arm64"],
      tag: "1",
      layerBytes: MIB,
      attestations: true,
    });
    await putCosignSignature(source, "app", descriptor.digest);
    const artifactType = "application/spdx+json";
    await putReferrer(source, "app", descriptor, { artifactType, payload: "{}" });
    const [first] = images;
    const layer = first?.layers[0]?.digest ?? "";
    await target.putBlob("mirror/app", await source.getBlob("app", layer) ?? new Uint8Array());
    await using opened = await openView(server.url, routeTo(server), { theme });
    const { page } = opened;
    await plan(page);
    const tree = page.getByRole("list", { name: "What the copy does" });
    const text = await tree.innerText();
    for (
      const part of [
        "Index",
        "linux/amd64",
        "linux/arm64",
        "Config",
        "Layer 1",
        "SBOM",
        "Signature",
        "Attestation",
        "Tag 1",
      ]
    ) {
      assert.ok(text.includes(part), part);
    }
    assert.match(await tree.locator(".node", { hasText: layer.slice(0, 19) }).innerText(), /there/);
    assert.match(
      await page.locator(".sums").innerText(),
      /There\n1\.0 MiB\n1 blob\nTo send\n3\.0 MiB/,
    );
    await checkAccessibility(page);
    const release = holdDownloads(source);
    await page.getByRole("button", { name: "Start the copy" }).click();
    const total = page.getByRole("progressbar", { name: "Bytes sent" });
    await page.getByText(/^[1-9][\d.]* \w+ of 3\.0 MiB$/).first().waitFor();
    await tree.getByText(/^↑ \d+ %$/).first().waitFor();
    assert.ok(Number(await total.getAttribute("value")) < 1);
    await checkAccessibility(page);
    release();
    const report = page.getByRole("region", { name: "Report" });
    await report.waitFor();
    assert.match(await report.innerText(), /✓ Copied/);
    await page.getByText("This tag exists.").waitFor();
    assert.ok((await report.innerText()).includes(descriptor.digest));
    assert.equal(target.getManifest("mirror/app", "1")?.digest, descriptor.digest);
    assert.equal(await tree.getByText(/waiting|not done|started/).count(), 0);
    await report.getByText("Report as JSON").click();
    assert.equal(JSON.parse(await report.locator("pre").innerText()).digest, descriptor.digest);
    await checkAccessibility(page);
    assert.deepEqual(opened.messages, []);
  });
}

test("a copy is cancelled, and started again", async () => {
  await using server = await startMirrorServer();
  const { source, target } = server;
  await putImage(source, "app", { tag: "1", layerBytes: MIB });
  await using opened = await openView(server.url, routeTo(server));
  const { page } = opened;
  await plan(page);
  const release = holdDownloads(source);
  await page.getByRole("button", { name: "Start the copy" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Cancelled.").waitFor();
  await page.getByText("The tag at the destination has not moved.").waitFor();
  assert.equal(target.getManifest("mirror/app", "1"), undefined);
  release();
  await page.getByRole("button", { name: "Start again" }).click();
  await page.getByRole("region", { name: "Report" }).waitFor();
  assert.notEqual(target.getManifest("mirror/app", "1"), undefined);
  assert.deepEqual(opened.messages, []);
});

test("a failed copy shows the blob, the hint, and is retried", async () => {
  await using server = await startMirrorServer();
  const { source, target } = server;
  const { layers } = await putImage(source, "app", { tag: "1" });
  await using opened = await openView(server.url, routeTo(server));
  const { page } = opened;
  await plan(page);
  source.fail({
    method: "GET",
    path: `/blobs/${layers[0]?.digest}`,
    action: { status: 403, body: '{"errors":[{"code":"DENIED","message":"<b>no</b>"}]}' },
  });
  await page.getByRole("button", { name: "Start the copy" }).click();
  const problem = page.getByRole("alert");
  await problem.waitFor();
  assert.match(await problem.innerText(), /<b>no<\/b>/);
  assert.equal(await problem.locator("b").count(), 0);
  assert.notEqual(await problem.locator(".hint").innerText(), "");
  const failed = page.locator(".node", { hasText: layers[0]?.digest.slice(0, 19) ?? "" });
  assert.match(await failed.innerText(), /× failed/);
  await problem.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("region", { name: "Report" }).waitFor();
  assert.notEqual(target.getManifest("mirror/app", "1"), undefined);
  assert.deepEqual(opened.messages, []);
});

test("a server that restarts in the middle of a copy is a problem with a way on", async () => {
  await using server = await startMirrorServer();
  await putImage(server.source, "app", { tag: "1" });
  await using opened = await openView(server.url, routeTo(server));
  const { page } = opened;
  await plan(page);
  server.intercept = ({ method }) =>
    method === "POST"
      ? new Response(
        new ReadableStream({
          start: (controller) =>
            controller.enqueue(new TextEncoder().encode('{"type":"heartbeat"}\n')),
          pull: () => {
            throw new ConnectionCut("restarted");
          },
        }, { highWaterMark: 0 }),
      )
      : undefined;
  await page.getByRole("button", { name: "Start the copy" }).click();
  await page.getByText("the connection was lost before the report").waitFor();
  await page.getByText("The tag at the destination has not moved.").waitFor();
  server.intercept = undefined;
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("region", { name: "Report" }).waitFor();
});

test("a token that expires after the plan is entered again, and the plan stays", async () => {
  await using server = await startMirrorServer();
  await putImage(server.source, "app", { tag: "1" });
  await using opened = await openView(server.url, routeTo(server));
  const { page } = opened;
  await plan(page);
  server.intercept = () => new Response(null, { status: 401 });
  await page.getByRole("button", { name: "Start the copy" }).click();
  await page.getByLabel("Token").fill(COPY_TOKEN);
  server.intercept = undefined;
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("region", { name: "Report" }).waitFor();
});

test("leaving the view or signing out during a copy asks first", async () => {
  await using server = await startMirrorServer();
  const { source } = server;
  await putImage(source, "app", { tag: "1", layerBytes: MIB });
  await using opened = await openView(server.url, routeTo(server));
  const { page } = opened;
  await plan(page);
  const release = holdDownloads(source);
  await page.getByRole("button", { name: "Start the copy" }).click();
  await page.getByRole("button", { name: "Cancel" }).waitFor();
  const questions: string[] = [];
  let isLeaving = false;
  page.on("dialog", (dialog) => {
    questions.push(dialog.message());
    void (isLeaving ? dialog.accept() : dialog.dismiss());
  });
  await page.getByRole("link", { name: "Runs" }).click();
  await page.getByRole("button", { name: "Cancel" }).waitFor();
  assert.match(page.url(), /#\/copy/);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Cancel" }).waitFor();
  isLeaving = true;
  await page.getByRole("link", { name: "Runs" }).click();
  await page.getByRole("heading", { name: "Runs", level: 1 }).waitFor();
  assert.equal(questions.length, 3);
  release();
});

test("a conflict at the destination is a problem of the plan", async () => {
  await using server = await startMirrorServer();
  const { source, target } = server;
  await putImage(source, "app", { tag: "1" });
  await putImage(target, "mirror/app", { tag: "1", seed: 2 });
  await using opened = await openView(server.url, routeTo(server, { ifExists: "fail" }));
  const { page } = opened;
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await page.getByRole("alert").getByText("The destination has different content").waitFor();
  assert.equal(await page.getByRole("button", { name: "Start the copy" }).count(), 0);
  await page.getByLabel("If the tag exists").selectOption("overwrite");
  await plan(page);
  await page.getByText(/then moves the tag from sha256:/).waitFor();
  await page.getByLabel("If the tag exists").selectOption("skip");
  await page.getByText("The form has changed since the plan").waitFor();
  assert.equal(await page.getByRole("button", { name: "Start the copy" }).count(), 0);
  await page.getByRole("button", { name: "Plan again" }).click();
  await page.getByText(/^Skipped: the destination has the tag/).waitFor();
  await checkAccessibility(page);
});

test("a copy that the admission policy rejects cannot be started", async () => {
  await using server = await startMirrorServer({
    rules: (source, target) =>
      `sync: [{name: app, source: "${source}/app", target: "${target}/app", type: repository}]\n` +
      `admission: [{images: "${source}/app", signatures: [{keyless: {issuer: "https://issuer.example", identity: "https://git.example/${
        "a".repeat(80)
      }"}}]}]\n`,
  });
  await putImage(server.source, "app", { tag: "1" });
  await using opened = await openView(server.url, routeTo(server), { width: 360 });
  const { page } = opened;
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await page.getByText("The admission policy rejects this image").waitFor();
  await page.getByText("not met").waitFor();
  await checkWidth(page);
  assert.equal(await page.locator(".tree").count(), 0, "nothing would be put");
  assert.equal(await page.getByRole("button", { name: "Start the copy" }).count(), 0);
  await checkAccessibility(page);
});

test("a token that may only read plans a copy, and the page says why it does not start one", async () => {
  await using server = await startMirrorServer();
  await putImage(server.source, "app", { tag: "1" });
  await using opened = await openView(server.url, routeTo(server), { token: READ_TOKEN });
  const { page } = opened;
  await plan(page);
  await page.getByText("viewer may only read").waitFor();
  assert.equal(await page.getByRole("button", { name: "Start the copy" }).count(), 0);
});

test("names with markup stay text, in the tree and in the form", async () => {
  await using server = await startMirrorServer();
  const { source } = server;
  const { descriptor } = await putImage(source, "app", {
    tag: "1",
    platform: "linux/<img src=x onerror=alert(1)>",
  });
  const platform = { os: "linux", architecture: "<img src=x onerror=alert(1)>" };
  const index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [{ ...descriptor, platform }],
  };
  await source.putManifest("app", index, OCI_INDEX, ["1"]);
  await using opened = await openView(server.url, routeTo(server));
  const { page } = opened;
  await plan(page);
  await page.getByText("<img src=x onerror=alert(1)>").first().waitFor();
  assert.equal(await page.locator("main img").count(), 0);
  await page.getByLabel("Source", { exact: true }).fill("<b>x</b>");
  await page.getByText("Expected registry/repository:tag").waitFor();
  assert.deepEqual(opened.messages, []);
});

test("an index of 10,000 entries is a tree that is rendered in parts", async () => {
  await using server = await startMirrorServer();
  const { source } = server;
  const { descriptor } = await putImage(source, "app");
  const manifests = Array.from({ length: 10_000 }, (_, i) => ({
    ...descriptor,
    platform: { os: "linux", architecture: "amd64", variant: `v${i}` },
  }));
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  await source.putManifest("app", index, OCI_INDEX, ["1"]);
  await using opened = await openView(server.url, routeTo(server));
  const { page } = opened;
  await plan(page);
  const more = page.getByRole("button", { name: "Show 100 more of 10,000 entries" });
  assert.ok(await page.locator(".tree .node").count() < 1000);
  await more.click();
  await page.getByText("linux/amd64/v199").waitFor();
  await page.getByRole("button", { name: "Start the copy" }).click();
  await page.getByRole("region", { name: "Report" }).waitFor();
});

test("the tree of an image that the destination has comes from there", async () => {
  await using server = await startMirrorServer();
  const { source, target } = server;
  for (const [registry, repository] of [[source, "app"], [target, "mirror/app"]] as const) {
    await putIndex(registry, repository, { platforms: ["linux/amd64"], tag: "1" });
  }
  await using opened = await openView(server.url, routeTo(server));
  const { page } = opened;
  await plan(page);
  await page.getByText("The destination already has everything").waitFor();
  await page.locator(".tree").getByText("linux/amd64").click();
  await page.getByText("Layer 2").waitFor();
  assert.equal(await page.getByRole("button", { name: "Start the copy" }).count(), 0);
});

test("the form offers tags, suggests a destination, and is in the address", async () => {
  await using server = await startMirrorServer();
  const { source, target } = server;
  await putImage(source, "app", { tag: "1" });
  await putImage(source, "app", { tag: "1.2" });
  await putCosignSignature(source, "app", (await putImage(source, "app")).descriptor.digest);
  await using opened = await openView(server.url, "copy");
  const { page } = opened;
  await page.getByLabel("Source", { exact: true }).fill(`${source.host}/app:1.2`);
  await page.getByText("2 tags in this repository").waitFor();
  assert.deepEqual(
    await page.locator("datalist option").evaluateAll((all) =>
      all.map((one) => one.getAttribute("value"))
    ),
    [`${source.host}/app:1.2`],
  );
  await page.getByRole("button", { name: `Use ${target.host}/app:1.2` }).click();
  await page.getByText("A new repository").waitFor();
  await page.getByText("Options").click();
  await page.getByLabel("Referrers", { exact: true }).uncheck();
  await page.getByLabel("If the tag exists").selectOption("skip");
  await page.waitForURL(/ifExists=skip/);
  assert.ok(!page.url().includes(COPY_TOKEN));
  await checkAccessibility(page);
  await using again = await openView(server.url, new URL(page.url()).hash.slice(2));
  const copy = again.page;
  assert.equal(
    await copy.getByLabel("Destination", { exact: true }).inputValue(),
    `${target.host}/app:1.2`,
  );
  assert.equal(await copy.getByLabel("Referrers", { exact: true }).isChecked(), false);
  assert.equal(await copy.getByLabel("If the tag exists").inputValue(), "skip");
  await copy.getByLabel("Source", { exact: true }).fill(`${source.host}/other:1`);
  await copy.getByText("not found").waitFor();
  await copy.getByLabel("Source", { exact: true }).fill("ghcr.io/other/app:1");
  await copy.getByText(/is not an allowed source/).waitFor();
});

test("both commands do the same copy as the page", async () => {
  await using server = await startMirrorServer();
  await putIndex(server.source, "app", { platforms: ["linux/amd64", "linux/arm64"], tag: "1" });
  const options = {
    platforms: "linux/amd64, linux/arm64",
    index: "sparse",
    ifExists: "skip",
    verify: "stream",
    additionalTags: "a,b",
    digestTags: "off",
    recheck: "on",
    foreignLayers: "on",
  };
  const route = routeTo(server, options);
  const expected = toRequest(Object.fromEntries(new URLSearchParams(route.split("?")[1])));
  const bodies: unknown[] = [];
  server.intercept = (request) => {
    const isCopy = request.method === "POST" && request.url.endsWith("/v1/copies");
    if (isCopy) bodies.push(request.clone().json());
    return undefined;
  };
  await using opened = await openView(server.url, route);
  const { page } = opened;
  await page.getByText("The same as a command").click();
  const [crossdock = "", curl = ""] = await page.locator("figure.code pre").allInnerTexts();
  const env = { PATH: process.env["PATH"] ?? "", CROSSDOCK_TOKEN: COPY_TOKEN };
  const run = promisify(execFile);
  // Only the words of the command, as a shell reads them.
  const words = await run("bash", ["-c", `crossdock() { printf '%s\\n' "$@"; }\n${crossdock}`], {
    env,
  });
  const argv = words.stdout.trim().split("\n");
  const cli = await runCrossdock({ env: { CROSSDOCK_TOKEN: COPY_TOKEN } }, ...argv, "--json");
  assert.equal(cli.exitCode, 0, cli.stderr);
  const { stdout } = await run("bash", ["-c", curl], { env });
  const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  assert.equal(last.type, "report");
  assert.equal(last.report.digest, JSON.parse(cli.stdout).digest);
  await plan(page);
  await page.getByRole("button", { name: "Start the copy" }).click();
  await page.getByRole("region", { name: "Report" }).waitFor();
  const [byCli, byCurl, byPage] = await Promise.all(bodies);
  assert.deepEqual(byCurl, expected);
  assert.deepEqual(byCli, expected);
  // The page adds the digest of the plan.
  assert.deepEqual(byPage, { ...expected, source: `${expected.source}@${last.report.digest}` });
});

test("the commands quote every word for a shell", async () => {
  const form = {
    source: "a.io/it's:1",
    destination: 'b.io/$(id) `id` "x"',
    additionalTags: "a'b,$HOME",
  };
  const options = { url: "https://c.io/x y", needsToken: true, isDurable: true };
  const run = promisify(execFile);
  const print = 'crossdock() { printf \'%s\\n\' "$@"; }\ncurl() { crossdock "$@"; }\n';
  const env = { CROSSDOCK_TOKEN: "secret" };
  const words = async (command: string): Promise<string[]> =>
    (await run("bash", ["-c", print + command], { env })).stdout.trim().split("\n");
  assert.deepEqual(await words(toCrossdockCommand(form, options)), [
    "copy",
    form.source,
    form.destination,
    "--additional-tag",
    "a'b",
    "--additional-tag",
    "$HOME",
    "--via",
    options.url,
    "--detach",
  ]);
  const curl = await words(toCurlCommand(form, options));
  assert.deepEqual(JSON.parse(curl.at(-1) ?? ""), toRequest(form));
  assert.ok(curl.includes("Authorization: Bearer secret"));
  assert.ok(curl.includes("Prefer: respond-async"));
});

test("a durable copy continues without the page, is watched after a reload, and cancelled", async () => {
  let copy: DurableCopy = { id: "a".repeat(64), state: "queued" };
  const durable: DurableCopies = {
    start: () => Promise.resolve(copy = { id: copy.id, state: "running" }),
    get: (id) => Promise.resolve(id === copy.id ? copy : undefined),
    cancel: () => Promise.resolve(copy = { id: copy.id, state: "cancelled" }),
  };
  await using server = await startMirrorServer({ host: { durable } });
  await putImage(server.source, "app", { tag: "1" });
  await using opened = await openView(server.url, routeTo(server));
  const { page } = opened;
  await plan(page);
  assert.ok(await page.getByLabel("continues without this page").isChecked());
  await page.getByRole("button", { name: "Start the copy" }).click();
  await page.getByText("running").waitFor();
  assert.ok(page.url().includes(`#/copy/${copy.id}?source=`));
  await page.reload();
  await page.getByText("running").waitFor();
  await checkAccessibility(page);
  await using reader = await openView(server.url, `copy/${copy.id}`, { token: READ_TOKEN });
  await reader.page.getByText("running").waitFor();
  assert.equal(await reader.page.getByRole("button", { name: "Cancel" }).count(), 0);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Cancelled.").waitFor();
  copy = {
    id: copy.id,
    state: "failed",
    problem: {
      type: "urn:crossdock:problem:network",
      title: "A registry is unreachable",
      status: 502,
      code: "network",
      detail: "connection refused",
      hint: "check the name",
    },
  };
  await page.reload();
  await page.getByText("check the name").waitFor();
  await opened.show(`copy/${"b".repeat(64)}`);
  await page.getByText(`copy ${"b".repeat(64)} not found`).waitFor();
  assert.deepEqual(opened.messages, []);
});

test("a Worker copies in its Workflow, or as a stream if the box is empty", async () => {
  await using worker = await startCrossdock();
  await using source = await startRegistry();
  await using target = await startRegistry();
  const { descriptor } = await putIndex(source, "app", { platforms: ["linux/amd64"], tag: "1" });
  const url = worker.url.replace(/\/$/, "");
  await using opened = await openView(url, routeTo({ source, target }), { token: undefined });
  const { page } = opened;
  await plan(page);
  await page.getByRole("button", { name: "Start the copy" }).click();
  await page.getByRole("region", { name: "Report" }).getByText("✓ Copied").waitFor();
  assert.match(page.url(), /#\/copy\/[0-9a-f]{64}\?/);
  assert.equal(target.getManifest("mirror/app", "1")?.digest, descriptor.digest);
  const { digest } = (await putImage(source, "app", { tag: "1", seed: 2 })).descriptor;
  await page.getByRole("button", { name: "Plan again" }).click();
  await page.getByLabel("continues without this page").uncheck();
  await page.getByRole("button", { name: "Start the copy" }).click();
  await page.getByText(digest).first().waitFor();
  assert.equal(target.getManifest("mirror/app", "1")?.digest, digest);
  assert.doesNotMatch(page.url(), /#\/copy\/[0-9a-f]{64}/);
  assert.deepEqual(opened.messages, []);
});
