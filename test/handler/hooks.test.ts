/** Registries' events, as they come to the handler: what is taken, what is refused, and what is copied because of it. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { test } from "node:test";
import { putCosignSignature, putImage, putReferrer } from "../support/image.ts";
import { logLines } from "./log_lines.ts";
import type { LogLine } from "./log_lines.ts";
import { readProblem, startDock } from "./setup.ts";
import type { Dock } from "./setup.ts";
import { until } from "../support/until.ts";

const SECRET = "a-secret-of-the-registry";

function startHookedDock(keys = "digestTags: true"): Promise<Dock> {
  return startDock({
    variables: ({ source, destination }) => ({
      // What rules name needs no leave of these.
      CROSSDOCK_ALLOW_SOURCES: "",
      CROSSDOCK_ALLOW_DESTINATIONS: "",
      CROSSDOCK_CONFIG: `
sync:
  - {name: apps, type: repository, source: "${source}/app", target: "${destination}/mirror/app", tags: {deny: [dev]}, ${keys}}
webhooks:
  in:
    plain: {kind: bearer, place: "${source}", secrets: [${SECRET}]}
    distribution: {kind: bearer, place: "${source}", secrets: [${SECRET}]}
    mirror: {sender: distribution, kind: bearer, place: "${destination}", secrets: [${SECRET}]}
    github: {kind: signature, place: "${source}", secrets: [${SECRET}]}
    quay: {kind: path, place: "${source}", secrets: [${SECRET}]}
    event-grid: {kind: path, place: "${source}", secrets: [${SECRET}]}
`,
    }),
  });
}

interface Push {
  readonly repository?: string;
  readonly tag?: string | undefined;
  readonly digest?: string;
  readonly id?: string;
}

/** An event of CNCF distribution. */
function pushOf(push: Push = {}): unknown {
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const { id, ...target } = { repository: "app", tag: "1", id: "1", ...push };
  return { events: [{ id, action: "push", target: { mediaType, ...target } }] };
}

/** Posts an event as a registry does that has the bearer token. */
function tell(dock: Dock, path: string, body: unknown, headers = {}): Promise<Response> {
  return dock.send("POST", path, {
    body,
    headers: { authorization: `Bearer ${SECRET}`, ...headers },
  });
}

function isHook(line: LogLine): boolean {
  return String(line["path"]).startsWith("/hooks/");
}

/** Sends the head of a request over a plain socket, and none of its body. */
function openRequest(
  { handler }: Dock,
  path: string,
  header: string,
  length: number,
): Disposable & { readonly socket: Socket; readonly status: Promise<number> } {
  const { host, hostname, port } = new URL(handler.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  const status = new Promise<number>((resolve, reject) => {
    socket.once("data", (data) => resolve(Number(String(data).split(" ")[1])));
    socket.once("close", () => reject(new Error("closed without an answer")));
  });
  status.catch(() => {});
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${host}`,
    header,
    "content-type: application/json",
    `content-length: ${length}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  return { socket, status, [Symbol.dispose]: () => void socket.destroy() };
}

async function readState(response: Response): Promise<unknown> {
  const text = await response.text();
  assert.equal(response.status, 202, text);
  return JSON.parse(text).state;
}

function linesOf({ handler }: Dock, message: string): LogLine[] {
  return logLines(handler).filter((line) => line["message"] === message);
}

/** Whether nothing was copied and no registry was asked. */
function assertUntouched({ source, destination }: Dock): void {
  assert.equal(source.count({ method: "HEAD" }) + source.count({ method: "GET" }), 0);
  assert.equal(destination.count(), 0);
}

test("POST /hooks/{name} copies a pushed tag to the target of the rule, after its response", async () => {
  await using dock = await startHookedDock();
  const { descriptor } = await putImage(dock.source, "app", { tag: "1" });
  assert.equal(await readState(await tell(dock, "/hooks/distribution", pushOf())), "accepted");
  await until("the tag is at the mirror", () => dock.destination.tags("mirror/app").length > 0);
  assert.equal(dock.destination.getManifest("mirror/app", "1")?.digest, descriptor.digest);
});

test("POST /hooks/{name} of a repository without a tag runs the whole rule for it", async () => {
  await using dock = await startHookedDock();
  for (const tag of ["1", "2", "dev"]) await putImage(dock.source, "app", { tag, seed: 7 });
  const event = { repository: `${dock.source.host}/app` };
  assert.equal(await readState(await tell(dock, "/hooks/plain", event)), "accepted");
  await until("both tags are there", () => dock.destination.tags("mirror/app").length >= 2);
  assert.deepEqual(dock.destination.tags("mirror/app"), ["1", "2"]);
});

test("POST /hooks/{name} of a cosign signature copies it to its image at the mirror", async () => {
  await using dock = await startHookedDock();
  const { descriptor } = await putImage(dock.source, "app", { tag: "1" });
  await tell(dock, "/hooks/distribution", pushOf());
  await until("the tag is at the mirror", () => dock.destination.tags("mirror/app").length > 0);
  const { tag } = await putCosignSignature(dock.source, "app", descriptor.digest);
  const answer = await tell(dock, "/hooks/distribution", pushOf({ tag, id: "2" }));
  assert.equal(await readState(answer), "accepted");
  const hasSignature = (): boolean => dock.destination.tags("mirror/app").includes(tag);
  await until("the signature is at the mirror", hasSignature);
});

test("POST /hooks/{name} of a referrer by its digest copies it to its image at the mirror", async () => {
  await using dock = await startHookedDock("referrers: true, fastCheck: true");
  const { descriptor } = await putImage(dock.source, "app", { tag: "1" });
  await tell(dock, "/hooks/distribution", pushOf());
  await until("the tag is at the mirror", () => dock.destination.tags("mirror/app").length > 0);
  await until("the first run has ended", () => linesOf(dock, "rule ended").length > 0);
  const { descriptor: { digest } } = await putReferrer(dock.source, "app", descriptor, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  const event = pushOf({ tag: undefined, digest, id: "2" });
  const answers = await Promise.all([1, 2, 3].map(() => tell(dock, "/hooks/distribution", event)));
  for (const answer of answers) assert.equal(await readState(answer), "accepted");
  const hasReferrer = (): boolean =>
    dock.destination.getManifest("mirror/app", digest) !== undefined;
  await until("the referrer is at the mirror", hasReferrer);
  await until("the second run has ended", () => linesOf(dock, "rule ended").length > 1);
  assert.equal(dock.destination.count({ method: "PUT", path: `/manifests/${digest}` }), 1);
});

test("POST /hooks/{name} of a push by digest asks no registry if no rule copies its referrers", async () => {
  await using dock = await startHookedDock();
  const { descriptor: { digest } } = await putImage(dock.source, "app", { tag: "1" });
  for (const repository of ["app", "other"]) {
    const event = pushOf({ repository, tag: undefined, digest });
    assert.equal(await readState(await tell(dock, "/hooks/distribution", event)), "ignored");
  }
  assertUntouched(dock);
});

test("POST /hooks/{name} of the mirror's own push follows nothing", async () => {
  await using dock = await startHookedDock();
  await putImage(dock.source, "app", { tag: "1" });
  for (const repository of ["mirror/app", "app"]) {
    const answer = await tell(dock, "/hooks/mirror", pushOf({ repository }));
    assert.equal(await readState(answer), "ignored");
  }
  assertUntouched(dock);
});

test("POST /hooks/{name} combines a burst and replays into one run", async () => {
  await using dock = await startHookedDock();
  const { descriptor } = await putImage(dock.source, "app", { tag: "1" });
  const event = pushOf({ digest: descriptor.digest });
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => tell(dock, "/hooks/distribution", event)),
  );
  for (const answer of answers) assert.equal(await readState(answer), "accepted");
  await until("the tag is at the mirror", () => dock.destination.tags("mirror/app").length > 0);
  assert.equal(await readState(await tell(dock, "/hooks/distribution", event)), "accepted");
  await until("the look is over", () => linesOf(dock, "rule ended").length > 0);
  assert.equal(linesOf(dock, "rule started").length, 1);
  assert.equal(dock.destination.count({ method: "PUT", path: "/manifests/1" }), 1);
});

test("POST /hooks/{name} with a wrong proof is a 401, and is logged once", async () => {
  await using dock = await startHookedDock();
  await putImage(dock.source, "app", { tag: "1" });
  const body = JSON.stringify(pushOf());
  const sign = (secret: string): string =>
    `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  const wrong: [path: string, headers: Record<string, string>][] = [
    ["/hooks/distribution", { authorization: "Bearer something-else-1" }],
    ["/hooks/github", { "x-hub-signature-256": sign("another-secret-123") }],
    ["/hooks/github", {}],
  ];
  for (const [path, headers] of wrong) {
    const answer = await tell(dock, path, body, headers);
    assert.equal(answer.headers.get("www-authenticate"), "Webhook");
    assert.equal((await readProblem(answer, 401)).code, "unauthorized");
  }
  assert.equal(linesOf(dock, "event rejected").length, wrong.length);
  assert.doesNotMatch(dock.handler.stdout, new RegExp(SECRET));
  assertUntouched(dock);
});

test("POST /hooks/{name} of no hook, or without the secret in its path, is 404 in the same words", async () => {
  await using dock = await startHookedDock();
  const event = { repository: "app", updated_tags: ["1"], docker_url: `${dock.source.host}/app` };
  const details = [];
  for (const path of ["none", "quay", "quay/a-wrong-secret-123", `gitea/${SECRET}`]) {
    const { code, detail } = await readProblem(await tell(dock, `/hooks/${path}`, event), 404);
    details.push(`${code}: ${detail}`);
  }
  assert.equal(new Set(details).size, 1, details.join("\n"));
  assertUntouched(dock);
  const answer = await tell(dock, `/hooks/quay/${SECRET}`, event);
  assert.equal(await readState(answer), "accepted");
  const paths = linesOf(dock, "request").map(({ path }) => path);
  assert.equal(paths.at(-1), "/hooks/quay/***");
  assert.doesNotMatch(dock.handler.stdout, new RegExp(`${SECRET}|a-wrong-secret`));
});

test("POST /hooks/{name} is answered before its body where the head shows that it is refused", async () => {
  await using dock = await startHookedDock();
  const cases: [path: string, header: string, status: number][] = [
    ["none", "x: y", 404],
    ["quay/a-wrong-secret-123", "x: y", 404],
    ["distribution", "authorization: Bearer something-else-1", 401],
    ["github", "x: y", 401],
  ];
  for (const [path, header, status] of cases) {
    using client = openRequest(dock, `/hooks/${path}`, header, 1_000_000);
    assert.equal(await client.status, status, path);
  }
  assertUntouched(dock);
});

test("POST /hooks/{name} of a client that goes away mid-body is no error of the server", async () => {
  await using dock = await startHookedDock();
  {
    using client = openRequest(
      dock,
      "/hooks/distribution",
      `authorization: Bearer ${SECRET}`,
      1000,
    );
    await new Promise((resolve) => client.socket.write("{", resolve));
  }
  await until("the request has ended", () => linesOf(dock, "request").some(isHook));
  const line = linesOf(dock, "request").find(isHook);
  assert.equal(line?.["status"], 499);
  assert.deepEqual(logLines(dock.handler).filter(({ level }) => level === "error"), []);
});

test("POST /hooks/{name} about what no rule means is ignored", async () => {
  await using dock = await startHookedDock();
  const pushes: Push[] = [{ repository: "other" }, { repository: "app/more" }, { tag: "dev" }];
  for (const push of pushes) {
    assert.equal(await readState(await tell(dock, "/hooks/distribution", pushOf(push))), "ignored");
  }
  assertUntouched(dock);
});

test("POST /hooks/{name} whose event names another registry has no effect", async () => {
  await using dock = await startHookedDock();
  await putImage(dock.source, "app", { tag: "1" });
  for (const repository of [`${dock.destination.host}/app`, "registry.example/app", "app"]) {
    const answer = await tell(dock, "/hooks/plain", { repository, tag: "1" });
    assert.equal(await readState(answer), "ignored");
  }
  assertUntouched(dock);
});

test("POST /hooks/{name} with a body that is malformed is 400, and one that is huge 413", async () => {
  await using dock = await startHookedDock();
  const malformed = ["{", "[]", '{"events": [{}]}', '{"events": "none"}', ""];
  for (const body of malformed) {
    assert.equal(
      (await readProblem(await tell(dock, "/hooks/distribution", body), 400)).code,
      "usage",
    );
  }
  const huge = JSON.stringify({ events: [], padding: "x".repeat(1024 * 1024) });
  assert.equal(
    (await readProblem(await tell(dock, "/hooks/distribution", huge), 413)).code,
    "limit",
  );
  assertUntouched(dock);
});

test("OPTIONS /hooks/{name}/{secret} responds to Event Grid's handshake, and POST to that of its own schema", async () => {
  await using dock = await startHookedDock();
  const path = `/hooks/event-grid/${SECRET}`;
  const asked = await dock.send("OPTIONS", path, {
    headers: { "webhook-request-origin": "eventgrid.azure.net" },
  });
  assert.equal(asked.status, 200, await asked.text());
  assert.equal(asked.headers.get("webhook-allowed-origin"), "eventgrid.azure.net");
  const validation = await tell(dock, path, [{
    eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
    data: { validationCode: "code-1" },
  }]);
  assert.deepEqual(await validation.json(), { validationResponse: "code-1" });
  const refused = await dock.send("OPTIONS", "/hooks/event-grid/a-wrong-secret-123");
  assert.equal((await readProblem(refused, 404)).code, "not_found");
});

test("GET /hooks/{name} is 405", async () => {
  await using dock = await startHookedDock();
  const answer = await dock.send("GET", "/hooks/plain");
  assert.equal(answer.headers.get("allow"), "POST, OPTIONS");
  await readProblem(answer, 405);
});

test("POST /hooks/{name} copies with the credentials of the rules' configuration before all others", async () => {
  await using dock = await startDock({
    source: { auth: { type: "basic", users: { robot: "of-the-rules" } } },
    variables: ({ source, destination }) => ({
      PASSWORD: "of-the-rules",
      CROSSDOCK_REGISTRY_AUTH: JSON.stringify({
        auths: { [source]: { username: "robot", password: "of-the-api" } },
      }),
      CROSSDOCK_CONFIG: `
creds: [{registry: "${source}", user: robot, pass: '{{ env "PASSWORD" }}'}]
sync: [{source: "${source}/app:1", target: "${destination}/app:1", type: image}]
webhooks: {in: {plain: {kind: bearer, place: "${source}", secrets: [${SECRET}]}}}
`,
    }),
  });
  await putImage(dock.source, "app", { tag: "1" });
  const event = { repository: `${dock.source.host}/app`, tag: "1" };
  assert.equal(await readState(await tell(dock, "/hooks/plain", event)), "accepted");
  await until("the tag is there", () => dock.destination.tags("app").length > 0);
  assert.doesNotMatch(dock.handler.stdout, /of-the-/);
});
