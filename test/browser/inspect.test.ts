import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import type { Inspection } from "../../src/copy/model.ts";
import type { AdmissionVerdict } from "../../src/copy/admission.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import type { EmbeddedRegistry } from "../support/registry.ts";
import { checkAccessibility, eventually, openView } from "./browser.ts";
import type { OpenOptions, OpenPage } from "./browser.ts";
import { READ_TOKEN, startMirrorServer } from "./mirror_server.ts";
import type { MirrorServer } from "./mirror_server.ts";

const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const MARKUP = `<img src=x onerror="document.title='run'"><b>bold</b>`;

async function putBlob(
  registry: EmbeddedRegistry,
  mediaType: string,
  content: string,
): Promise<{ mediaType: string; digest: string; size: number }> {
  const bytes = new TextEncoder().encode(content);
  return { mediaType, ...await registry.putBlob("app", bytes) };
}

/** Puts an image whose config is any text. */
async function putConfig(
  registry: EmbeddedRegistry,
  config: string,
  { tag, layers = ["one", "two"], annotations }: {
    readonly tag: string;
    readonly layers?: readonly string[];
    readonly annotations?: Readonly<Record<string, string>>;
  },
): Promise<Descriptor> {
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: await putBlob(registry, CONFIG, config),
    layers: await Promise.all(layers.map((text) => putBlob(registry, LAYER, text))),
    ...(annotations ? { annotations } : {}),
  };
  return await registry.putManifest("app", manifest, OCI_MANIFEST, [tag]);
}

/** What a builder writes for a small service. */
const SERVICE = {
  architecture: "amd64",
  os: "linux",
  created: "2026-10-02T09:30:00Z",
  config: {
    Entrypoint: ["/usr/bin/app", "--listen=:8080"],
    Cmd: ["serve"],
    Env: ["PATH=/usr/local/bin:/usr/bin", "LANG=C.UTF-8"],
    User: "65532",
    WorkingDir: "/srv",
    ExposedPorts: { "8080/tcp": {} },
    Labels: { "org.opencontainers.image.source": "https://git.example/app", markup: MARKUP },
  },
  history: [
    { created_by: "/bin/sh -c #(nop) ADD file:1234 in / " },
    { created_by: "ENV LANG=C.UTF-8", empty_layer: true },
    { created_by: "RUN /bin/sh -c apt-get install app # buildkit" },
  ],
};

async function show(
  server: MirrorServer,
  query: Readonly<Record<string, string>>,
  options: OpenOptions = {},
): Promise<OpenPage> {
  return await openView(server.url, `inspect?${new URLSearchParams(query)}`, options);
}

function section(page: Page, name: string): ReturnType<Page["locator"]> {
  return page.locator("section", { has: page.getByRole("heading", { name, exact: true }) });
}

for (const theme of ["light", "dark"] as const) {
  test(`the view inspect shows an index, and has no violation of axe-core in the ${theme} theme`, async () => {
    await using server = await startMirrorServer();
    const { source } = server;
    const index = await putIndex(source, "app", {
      platforms: ["linux/amd64", "linux/arm64/v8"],
      attestations: true,
      annotations: { "org.opencontainers.image.title": MARKUP },
      layers: 3,
      tag: "1.2",
    });
    const sbom = await putReferrer(source, "app", index.descriptor, {
      artifactType: "application/spdx+json",
      payload: "{}",
      annotations: { "org.example.author": MARKUP },
    });
    await putReferrer(source, "app", sbom.descriptor, {
      artifactType: "application/vnd.cncf.notary.signature",
      payload: "signed",
    });
    await putCosignSignature(source, "app", index.descriptor.digest);
    const reference = `${source.host}/app:1.2`;
    await using opened = await show(server, { reference }, { theme, token: READ_TOKEN });
    const { page } = opened;
    await page.getByRole("heading", { name: "Layers of linux/amd64" }).waitFor();
    assert.equal(await page.locator(".layers > li").count(), 3);
    const platforms = await page.locator(".manifests tbody tr th").allInnerTexts();
    assert.deepEqual(platforms, [
      "linux/amd64",
      "linux/arm64",
      "attestation of linux/amd64",
      "attestation of linux/arm64",
    ]);
    assert.match(await section(page, "Annotations of the index").innerText(), /<b>bold<\/b>/);
    await checkAccessibility(page);

    await page.getByRole("link", { name: "linux/arm64", exact: true }).click();
    await page.getByRole("heading", { name: "Layers of linux/arm64" }).waitFor();
    assert.match(page.url(), new RegExp(index.images[1]?.descriptor.digest.slice(7) ?? "none"));

    const tree = section(page, "Referrers and signatures");
    assert.equal(await tree.locator("summary").count(), 2);
    const before = server.requests.length;
    await tree.locator("summary", { hasText: "application/spdx+json" }).click();
    await tree.locator("summary", { hasText: "application/vnd.cncf.notary.signature" }).click();
    await tree.getByText("It has no referrers of its own").waitFor();
    assert.deepEqual(server.requests.slice(before), ["GET /v1/images", "GET /v1/images"]);
    assert.match(await tree.innerText(), /org\.example\.author\s+<img src=x/);

    await page.getByText("The answer of the server").click();
    const json: Inspection = JSON.parse(await page.locator("figure.code code").innerText());
    assert.equal(json.root.descriptor.digest, index.descriptor.digest);
    await checkAccessibility(page);
    assert.equal(await page.title(), "Inspect · crossdock");
    assert.equal(await page.locator("main img").count(), 0, "markup stays text");
    assert.deepEqual(opened.messages, []);
  });
}

test("the view inspect shows the config of an image, and its history beside the layers", async () => {
  await using server = await startMirrorServer();
  const { source } = server;
  await putConfig(source, JSON.stringify(SERVICE), { tag: "1", layers: ["x".repeat(3000), "y"] });
  await using opened = await show(server, { reference: `${source.host}/app:1` });
  const { page } = opened;
  await page.locator(".layers").waitFor();
  const rows = await page.locator(".layers > li").allInnerTexts();
  assert.equal(rows.length, 3);
  assert.match(rows[0] ?? "", /2\.9 KiB[^]*ADD file:1234 in \/$/);
  assert.equal(rows[1], "ENV LANG=C.UTF-8");
  assert.match(rows[2] ?? "", /^1 B[^]*RUN \/bin\/sh -c apt-get install app$/);
  const config = await section(page, "Config").innerText();
  for (
    const text of [
      '["/usr/bin/app","--listen=:8080"]',
      '["serve"]',
      "LANG=C.UTF-8",
      "65532",
      "8080/tcp",
      "/srv",
      MARKUP,
      "2 Oct 2026",
    ]
  ) assert.ok(config.includes(text), text);
  assert.equal(await page.locator("main b").count(), 0);
  assert.deepEqual(opened.messages, []);
});

test("the view inspect says which platforms share a layer", async () => {
  await using server = await startMirrorServer();
  const { source } = server;
  const manifests = await Promise.all(["amd64", "arm64", "s390x"].map(async (architecture) => {
    const config = JSON.stringify({ os: "linux", architecture });
    const layers = ["for all", `for ${architecture}`];
    const image = await putConfig(source, config, { tag: architecture, layers });
    return { ...image, platform: { os: "linux", architecture } };
  }));
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  await source.putManifest("app", index, OCI_INDEX, ["shared"]);
  await using opened = await show(server, { reference: `${source.host}/app:shared` });
  await opened.page.locator(".layers > li").first().waitFor();
  assert.deepEqual(
    await opened.page.locator(".shared").allInnerTexts(),
    ["also in linux/arm64 and linux/s390x"],
  );
});

test("the view inspect survives configs that are odd JSON", async () => {
  await using server = await startMirrorServer();
  const { source } = server;
  const odd = {
    created: 5,
    author: ["me"],
    config: { Env: 5, Labels: [1, null], Entrypoint: { a: 1 }, Cmd: "text", ExposedPorts: "80" },
    history: [null, 3, { created_by: 9 }, { empty_layer: "yes" }],
  };
  const configs = ["null", "[1]", '"text"', "7", "{}", "no JSON", JSON.stringify(odd)];
  for (const [i, config] of configs.entries()) await putConfig(source, config, { tag: `odd-${i}` });
  await using opened = await show(server, { reference: `${source.host}/app:odd-0` });
  const { page } = opened;
  for (const i of configs.keys()) {
    await opened.show(`inspect?reference=${source.host}/app:odd-${i}`);
    await page.getByRole("heading", { name: `${source.host}/app:odd-${i}` }).waitFor();
    assert.equal(await page.locator(".layers > li").count(), 2);
  }
  const config = await section(page, "Config").innerText();
  for (const text of ["Author\nme", '{"a":1}', '"text"', "80"]) {
    assert.ok(config.includes(text), text);
  }
  assert.match(await page.locator("main").innerText(), /no history that fits these layers/);
  assert.deepEqual(opened.messages, []);
});

test("the view inspect cuts an annotation of 3 MiB, and shows all of it on demand", async () => {
  await using server = await startMirrorServer();
  const { source } = server;
  const long = "0123456789abcdef".repeat(3 * 65_536);
  await putConfig(source, "{}", { tag: "long", annotations: { long, short: "here" } });
  await using opened = await show(server, { reference: `${source.host}/app:long` });
  const { page } = opened;
  const annotations = section(page, "Annotations");
  const button = annotations.getByRole("button", { name: "Show all 3,145,728 characters" });
  await button.waitFor();
  assert.ok((await annotations.innerText()).length < 1000);
  await button.click();
  assert.equal((await annotations.locator(".whole-text").textContent())?.length, long.length);
  await annotations.getByRole("button", { name: "Show less" }).click();
  assert.equal(await annotations.locator(".whole-text").count(), 0);
  assert.deepEqual(opened.messages, []);
});

test("the view inspect shows 10,000 manifests in parts", async () => {
  await using server = await startMirrorServer();
  const { host } = server.source;
  const digest = (i: number): string => `sha256:${i.toString(16).padStart(64, "0")}`;
  const node = (i: number): unknown => ({
    descriptor: {
      mediaType: OCI_MANIFEST,
      digest: digest(i),
      size: i % 2 === 0 ? -5 : Number.MAX_SAFE_INTEGER,
    },
    kind: "image",
    platform: `linux/arch${i}`,
    layers: [{ mediaType: LAYER, digest: digest(i % 7), size: i === 1 ? -1 : 2 ** 60 }],
    manifests: [],
    referrers: [{ mediaType: OCI_MANIFEST, digest: digest(i + 1), size: 1 }],
    digestTags: [],
  });
  server.intercept = (request) =>
    new URL(request.url).pathname !== "/v1/images" ? undefined : Response.json({
      reference: `${host}/app:many@${digest(0)}`,
      totalBytes: -1,
      root: {
        ...node(0) as object,
        kind: "index",
        layers: [],
        manifests: Array.from({ length: 10_000 }, (_, i) => node(i + 1)),
      },
    });
  await using opened = await show(server, { reference: `${host}/app:many` });
  const { page } = opened;
  await page.getByRole("heading", { name: "Layers of linux/arch1", exact: true }).waitFor();
  assert.equal(await page.locator(".manifests tbody tr").count(), 20);
  assert.match(await page.locator(".shared").first().innerText(), /^also in linux\/arch8 and /);
  await section(page, "Platforms").getByRole("button", { name: "Show 500 more" }).click();
  assert.equal(await page.locator(".manifests tbody tr").count(), 520);
  assert.ok(await page.locator("main *").count() < 10_000, "not all is rendered");
  assert.deepEqual(opened.messages, []);
});

test("the view inspect compares two images: equal, incomplete and different", async () => {
  await using server = await startMirrorServer();
  const { source, target } = server;
  const put = (registry: EmbeddedRegistry, tag: string, seed: number) =>
    putImage(registry, "app", { tag, seed });
  const image = await put(source, "1", 1);
  await put(target, "1", 1);
  await put(target, "2", 2);
  const reference = `${source.host}/app:1`;
  await using opened = await show(server, { reference, with: `${target.host}/app:1` });
  const { page } = opened;
  const comparison = section(page, "Comparison");
  await comparison.getByText("The second image has everything").waitFor();
  assert.match(await comparison.innerText(), /equal[^]*1 manifest, 3 blobs, 0 referrers/);

  await putReferrer(source, "app", image.descriptor, {
    artifactType: "application/vnd.cncf.notary.signature",
    payload: "signed",
  });
  await page.getByRole("link", { name: "Compare the other way round" }).click();
  await comparison.getByText("The second image has everything").waitFor();
  await eventually(async () =>
    assert.equal(await page.getByLabel("Image").inputValue(), `${target.host}/app:1`)
  );
  await page.goBack();
  await comparison.getByText("incomplete", { exact: false }).first().waitFor();
  await putReferrer(target, "app", image.descriptor, {
    artifactType: "application/vnd.cncf.notary.signature",
    payload: "signed",
  });
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await comparison.getByText("The second image has everything").waitFor();
  await putReferrer(source, "app", image.descriptor, {
    artifactType: "application/vnd.cncf.notary.signature",
    payload: "signed again",
  });
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await comparison.getByText("incomplete", { exact: false }).first().waitFor();
  assert.match(await comparison.innerText(), /Signatures\s+! 1 of 2/);
  assert.match(await comparison.innerText(), /referrer \(signature\)\s+× missing\s+sha256:/);

  await page.getByLabel("Compare with").fill(`${target.host}/app:2`);
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await comparison.getByText("lacks content of the first one").waitFor();
  const table = comparison.getByRole("table");
  assert.match(await table.innerText(), /^\d+ differences/);
  assert.match(await table.innerText(), /tag\s+× different/);
  await page.setViewportSize({ width: 360, height: 800 });
  assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
  await checkAccessibility(page);
  assert.deepEqual(opened.messages, []);
});

test("the view inspect offers tags while a name is typed, and opens it by keyboard", async () => {
  await using server = await startMirrorServer();
  const { source } = server;
  for (const tag of ["1.9", "1.10", "2.0"]) await putImage(source, "app", { tag });
  await using opened = await openView(server.url, "inspect");
  const { page } = opened;
  const input = page.getByLabel("Image");
  await input.fill(source.host);
  await input.fill(`${source.host}/app:`);
  await page.getByText("3 tags").waitFor();
  await input.fill(`${source.host}/app:1`);
  await page.getByText("2 of 3 tags").waitFor();
  const offered = await page.locator("datalist option").evaluateAll((options) =>
    // deno-lint-ignore no-explicit-any
    options.map((option: any) => option.value)
  );
  assert.deepEqual(offered, [`${source.host}/app:1.10`, `${source.host}/app:1.9`]);
  assert.equal(server.requests.filter((request) => request === "GET /v1/tags").length, 1);
  await input.fill(`${source.host}/app:1.10`);
  await input.press("Enter");
  await page.getByRole("heading", { name: `${source.host}/app:1.10` }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: `${source.host}/app:1.10` }).waitFor();
  assert.deepEqual(opened.messages, []);
});

test("the view inspect shows why an image cannot be read, and what to do", async () => {
  await using server = await startMirrorServer();
  await putImage(server.source, "app", { tag: "1.0" });
  await using opened = await show(server, { reference: `${server.source.host}/app:1.1` });
  const { page } = opened;
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), /not found[^]*check the name[^]*remove the tag/);
  await checkAccessibility(page);
  await opened.show("inspect?reference=elsewhere.example/app:1");
  await alert.getByText("is not an allowed source").first().waitFor();
  assert.match(await alert.innerText(), /CROSSDOCK_ALLOW_SOURCES/);
  await opened.show("inspect?reference=UPPER/case");
  await alert.getByText("reference").first().waitFor();
  await putImage(server.source, "app", { tag: "1.1" });
  await opened.show(`inspect?reference=${server.source.host}/app:1.1`);
  await page.getByRole("heading", { name: /^Layers of/ }).waitFor();
  assert.equal(await alert.count(), 0);
  assert.deepEqual(opened.messages, []);
});

test("the view inspect says which images the server may read", async () => {
  await using server = await startMirrorServer();
  await using opened = await openView(server.url, "inspect");
  await opened.page.getByRole("heading", { name: "Which image?" }).waitFor();
  assert.match(await opened.page.locator(".empty").innerText(), /127\.0\.0\.1:\d+\/\*\*/);
  const variables = { CROSSDOCK_ALLOW_SOURCES: "", CROSSDOCK_ALLOW_DESTINATIONS: "" };
  await using closed = await startMirrorServer({ variables });
  await using other = await openView(closed.url, "inspect");
  await other.page.getByText("The allow-lists of this server are empty").waitFor();
});

test("the view inspect shows the verdict of the admission policy, and nothing without one", async () => {
  await using plain = await startMirrorServer();
  await putImage(plain.source, "app", { tag: "1" });
  await using without = await show(plain, { reference: `${plain.source.host}/app:1` });
  await without.page.getByRole("heading", { name: "Config" }).waitFor();
  assert.equal(await without.page.getByText("Admission policy").count(), 0);

  const { source } = plain;
  const { descriptor } = await putImage(source, "app", { tag: "2" });
  const verdict: AdmissionVerdict = {
    image: `${source.host}/app:2@${descriptor.digest}`,
    images: `${source.host}/**`,
    digest: descriptor.digest,
    result: "rejected",
    reason: "1 of 1 requirements is not met",
    requirements: [{
      requirement: "a signature by the key of acme",
      met: false,
      candidates: [{ name: `${source.host}/app@sha256:1`, accepted: false, reason: MARKUP }],
    }],
    children: [{
      digest: descriptor.digest,
      result: "admitted",
      reason: "it is accepted by its name",
      requirements: [],
    }],
    warnings: ["the trust root is old"],
  };
  plain.intercept = (request) =>
    new URL(request.url).pathname === "/v1/admissions" ? Response.json(verdict) : undefined;
  await using opened = await show(plain, { reference: `${source.host}/app:2` });
  const shown = section(opened.page, "Admission policy");
  await shown.getByText("1 verdict about").click();
  const text = await shown.innerText();
  for (
    const part of ["rejected", "1 of 1", "not met", "key of acme", MARKUP, "trust root", "admitted"]
  ) assert.ok(text.includes(part), part);
  await checkAccessibility(opened.page);
  assert.deepEqual(opened.messages, []);
});
