import assert from "node:assert/strict";
import { test } from "node:test";
import { hasErrorCode, redactUrl, toRegistryError } from "../../src/registry/registry_error.ts";
import type { RegistryError } from "../../src/registry/registry_error.ts";

const NOW_MS = Date.UTC(2030, 0, 1, 12, 0, 0);

function toError(
  status: number,
  body: string | null,
  init: ResponseInit = {},
  responder: "registry" | "token server" | "other" = "registry",
  { method = "GET", path = "/v2/a/b?sig=1" } = {},
): Promise<RegistryError> {
  return toRegistryError(new Response(body, { ...init, status }), {
    method,
    url: new URL(`https://me:pw@r.example${path}`),
    what: "read it",
    registry: "r.example",
    responder,
  }, { now: NOW_MS, side: "source" });
}

test("toRegistryError() with a Retry-After beyond all calendars does not break the hint", async () => {
  for (const value of ["999999999", "99999999999999999999"]) {
    const error = await toError(429, null, { headers: { "retry-after": value } });
    assert.equal(error.code, "rate_limited");
  }
});

const CODES: readonly [status: number, body: string, wanted: string, isTemporary: boolean][] = [
  [400, "", "registry", false],
  [401, "", "unauthorized", false],
  [403, "", "denied", false],
  [404, "", "not_found", false],
  [409, "", "registry", false],
  [413, "", "limit", false],
  [418, "", "registry", false],
  [429, "", "rate_limited", true],
  [500, "", "registry", true],
  [503, "", "registry", true],
  [520, "", "registry", true],
  [521, "", "registry", true],
  [522, "", "registry", true],
  [523, "", "registry", true],
  [524, "", "registry", true],
  [526, "", "registry", false],
  [403, `{"errors":[{"code":"TOOMANYREQUESTS"}]}`, "rate_limited", true],
];

for (const [status, body, wanted, isTemporary] of CODES) {
  test(`toRegistryError() makes ${wanted} of ${status} ${body}`, async () => {
    const error = await toError(status, body);
    assert.deepEqual([error.code, error.isTemporary, error.status], [wanted, isTemporary, status]);
    assert.deepEqual([error.side, error.method], ["source", "GET"]);
  });
}

const IMMUTABLE = `{"errors":[{"code":"TAG_INVALID","message":"tag is immutable"}]}`;

for (const [status, body] of [[409, ""], [400, IMMUTABLE]] as const) {
  test(`toRegistryError() makes conflict of ${status} only if a manifest is written`, async () => {
    const codeFor = async (method: string, path: string): Promise<string> =>
      (await toError(status, body, {}, "registry", { method, path })).code;
    assert.equal(await codeFor("PUT", "/v2/a/manifests/1"), "conflict");
    assert.equal(await codeFor("DELETE", "/v2/a/manifests/1"), "conflict");
    assert.equal(await codeFor("GET", "/v2/a/manifests/1"), "registry");
    assert.equal(await codeFor("HEAD", "/v2/a/manifests/1"), "registry");
    assert.equal(await codeFor("PUT", "/v2/a/blobs/uploads/1"), "registry");
    assert.equal(await codeFor("POST", "/v2/a/blobs/uploads/"), "registry");
  });
}

const BODIES: readonly [name: string, body: string | null, wanted: string][] = [
  ["no body", null, "400"],
  ["an empty body", "", "400"],
  ["space", " \n", "400"],
  ["HTML", "\n<!doctype html><title>Bad</title>", "400"],
  ["text", "bad thing\n", "400: bad thing"],
  ["long text", "x".repeat(5000), `400: ${"x".repeat(200)}`],
  ["JSON without errors", "{}", "400: {}"],
  ["JSON null", "null", "400: null"],
  ["errors that are no list", `{"errors":"x"}`, `400: {"errors":"x"}`],
  ["a list of nonsense", `{"errors":[null,1,"x"]}`, `400: {"errors":[null,1,"x"]}`],
  ["an error without a code", `{"errors":[{}]}`, "400: UNKNOWN"],
  ["a code that cannot be text", `{"errors":[{"code":{"toString":1}}]}`, "400: UNKNOWN"],
  ["a message that cannot be text", `{"errors":[{"code":"A","message":{"toString":1}}]}`, "400: A"],
  ["a number for a code", `{"errors":[{"code":7}]}`, "400: 7"],
  ["code and message", `{"errors":[{"code":"A","message":"b"}]}`, "400: A (b)"],
  ["detail as text", `{"errors":[{"code":"A","detail":"c"}]}`, "400: A: c"],
  ["detail as digest", `{"errors":[{"code":"A","detail":{"digest":"d"}}]}`, "400: A: d"],
  ["detail as Digest", `{"errors":[{"code":"A","detail":{"Digest":"d"}}]}`, "400: A: d"],
  ["two errors", `{"errors":[{"code":"A"},{"code":"B"}]}`, "400: A, B"],
  [
    "many errors",
    JSON.stringify({ errors: Array.from({ length: 9 }, () => ({ code: "A" })) }),
    "400: A, A, A, A, A and 4 more",
  ],
];

for (const [name, body, wanted] of BODIES) {
  test(`toRegistryError() of ${name}`, async () => {
    assert.equal((await toError(400, body)).message, `read it: r.example answered ${wanted}`);
  });
}

const STEERING = "\x1b]0;x\x07\x1b[2J\r\n\u009b31m\u2028";

const STEERING_BODIES: readonly [name: string, body: string][] = [
  ["text", `a${STEERING}b`],
  ["a code", JSON.stringify({ errors: [{ code: `A${STEERING}B` }] })],
  ["a message", JSON.stringify({ errors: [{ code: "A", message: `a${STEERING}b` }] })],
  ["a detail", JSON.stringify({ errors: [{ code: "A", detail: `a${STEERING}b` }] })],
  ["a digest", JSON.stringify({ errors: [{ code: "A", detail: { digest: `a${STEERING}b` } }] })],
];

for (const [name, body] of STEERING_BODIES) {
  test(`toRegistryError() makes control characters in ${name} harmless`, async () => {
    const { message } = await toError(400, body);
    assert.match(message, /a/i);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(message, /[\x00-\x1f\x7f-\x9f\u2028\u2029]/);
  });
}

test("toRegistryError() shows no code beyond a bound", async () => {
  const { message } = await toError(400, JSON.stringify({ errors: [{ code: "A".repeat(9999) }] }));
  assert.ok(message.length < 300, `${message.length}`);
});

test("toRegistryError() does not hold a body without end", async () => {
  let given = 0;
  let isCancelled = false;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller): void {
      given += 16_384;
      controller.enqueue(new Uint8Array(16_384).fill(65));
    },
    cancel(): void {
      isCancelled = true;
    },
  });
  const error = await toRegistryError(new Response(endless, { status: 500 }), {
    method: "GET",
    url: new URL("https://r.example/"),
    what: "read it",
    registry: "r.example",
    responder: "registry",
  }, { now: NOW_MS });
  assert.equal(error.status, 500);
  assert.ok(given < 1_000_000, `${given}`);
  assert.ok(isCancelled);
});

test("toRegistryError() of a body that breaks off has the status", async () => {
  const broken = new ReadableStream({
    pull(controller): void {
      controller.error(new Error("cut"));
    },
  });
  const error = await toRegistryError(new Response(broken, { status: 502 }), {
    method: "GET",
    url: new URL("https://r.example/"),
    what: "read it",
    registry: "r.example",
    responder: "registry",
  }, { now: NOW_MS });
  assert.equal(error.message, "read it: r.example answered 502");
});

for (
  const [name, body] of [
    ["Go", "Client sent an HTTP request to an HTTPS server.\n"],
    ["nginx", "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>"],
    ["Apache", "<!DOCTYPE HTML><p>You're speaking plain HTTP to an SSL-enabled server port.</p>"],
  ] as const
) {
  test(`toRegistryError() recognizes a TLS port of ${name}`, async () => {
    const error = await toError(400, body);
    assert.deepEqual([error.code, error.isTemporary], ["tls", false]);
    assert.match(error.message, /requires TLS, but the request used plain HTTP/);
    assert.equal(error.hint, "use --src-tls on or --dest-tls on");
  });
}

const S3_DENIED = `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Bucket>b</Bucket></Error>`;

/** Responses of another host than the registry, and the codes that they must not get. */
const OTHERS: readonly [status: number, body: string, wanted: string, isTemporary: boolean][] = [
  [401, "", "registry", false],
  [403, S3_DENIED, "registry", false],
  [404, "<html></html>", "registry", false],
  [409, "immutable", "registry", false],
  [413, "", "limit", false],
  [429, "<html></html>", "registry", true],
  [503, "", "registry", true],
  [404, `{"errors":[{"code":"NAME_UNKNOWN"}]}`, "not_found", false],
  [429, `{"errors":[{"code":"TOOMANYREQUESTS"}]}`, "rate_limited", true],
];

for (const [status, body, wanted, isTemporary] of OTHERS) {
  test(`toRegistryError() makes ${wanted} of ${status} ${body} of another host`, async () => {
    const error = await toError(status, body, {}, "other");
    assert.deepEqual([error.code, error.isTemporary], [wanted, isTemporary]);
    assert.equal(error.message, `read it: r.example answered ${status}`);
    assert.deepEqual(error.errors, []);
    assert.match(error.hint ?? "", /is a host|a host that it refers to/);
    assert.doesNotMatch(error.hint ?? "", /permissions|credential|log in/);
  });
}

test("toRegistryError() names the token server, and quotes nothing of its response", async () => {
  const error = await toError(
    429,
    "password=hunter2",
    { headers: { "retry-after": "60" } },
    "token server",
  );
  assert.equal(error.code, "rate_limited");
  assert.equal(error.message, "read it: token server r.example of r.example answered 429");
  assert.equal(
    error.hint,
    "the token server limits requests; try again after 2030-01-01T12:01:00.000Z",
  );
  assert.equal((await toError(500, "x", {}, "token server")).code, "registry");
});

for (
  const [name, body, headers, isNamed] of [
    ["a page of Squid", "<html></html>", { "x-squid-error": "ERR_ACCESS_DENIED 0" }, true],
    ["an empty body", null, {}, true],
    ["a text", "blocked by policy", { via: "1.1 proxy" }, true],
    ["an answer of a registry", "", { "docker-distribution-api-version": "registry/2.0" }, false],
    ["errors of a registry", `{"errors":[{"code":"DENIED"}]}`, { via: "1.1 proxy" }, false],
    ["JSON", "{}", { via: "1.1 proxy" }, false],
  ] as [string, string | null, Record<string, string>, boolean][]
) {
  test(`toRegistryError() ${isNamed ? "names" : "does not name"} the proxy with ${name}`, async () => {
    for (const status of [403, 502]) {
      const error = await toRegistryError(new Response(body, { status, headers }), {
        method: "GET",
        url: new URL("http://r.example:5000/v2/a/b"),
        what: "read it",
        registry: "r.example:5000",
        responder: "registry",
        proxy: "proxy.example:3128",
      }, { now: NOW_MS, hint: "log in" });
      assert.equal(/, through the proxy proxy\.example:3128$/.test(error.message), isNamed);
      assert.equal(/add r\.example to NO_PROXY/.test(error.hint ?? ""), isNamed);
    }
  });
}

test("toRegistryError() names a proxy that requires a credential", async () => {
  const error = await toError(407, "<html></html>");
  assert.deepEqual([error.code, error.isTemporary], ["network", false]);
  assert.match(error.message, /the proxy before r\.example answered 407/);
  assert.match(error.hint ?? "", /HTTP_PROXY/);
});

for (
  const [name, body, headers, wanted] of [
    ["HTML", "<!doctype html><title>Not found</title>", {}, "registry"],
    ["an empty response to HEAD", null, { "content-type": "text/html; charset=utf-8" }, "registry"],
    [
      "HTML of a registry",
      "<html></html>",
      { "docker-distribution-api-version": "registry/2.0" },
      "not_found",
    ],
    ["text", "404 page not found", {}, "not_found"],
    ["JSON", `{"errors":[{"code":"NAME_UNKNOWN"}]}`, { "content-type": "text/html" }, "not_found"],
  ] as const
) {
  test(`toRegistryError() of a 404 with ${name} is ${wanted}`, async () => {
    const error = await toError(404, body, { headers });
    assert.equal(error.code, wanted);
    const hint = wanted === "registry"
      ? "check the registry name: another service answers at this host"
      : "check the name; some registries answer 404 if a credential is missing";
    assert.equal(error.hint, hint);
  });
}

test("toRegistryError() of a 403 with a web page names a proxy or firewall", async () => {
  const error = await toError(403, "<html></html>");
  assert.equal(error.code, "denied");
  assert.match(error.hint ?? "", /proxy or firewall/);
});

test("toRegistryError() holds neither query nor user of the URL", async () => {
  const error = await toError(403, "");
  assert.equal(error.url, "https://r.example/v2/a/b");
  assert.doesNotMatch(error.message, /sig|pw/);
});

test("redactUrl() takes off user, query and fragment", () => {
  assert.equal(redactUrl(new URL("https://u:p@h:1/x?y=z#w")), "https://h:1/x");
});

test("hasErrorCode() checks every error of the response and no other class", async () => {
  const error = await toError(400, `{"errors":[{"code":"A"},{"code":"B"}]}`);
  assert.equal(hasErrorCode(error, "B", "C"), true);
  assert.equal(hasErrorCode(error, "C"), false);
  assert.equal(hasErrorCode(new Error("B"), "B"), false);
});

test("toRegistryError() of a 403 with a web page does not blame a credential", async () => {
  const request = {
    method: "GET",
    url: new URL("https://r.example/v2/a/manifests/1"),
    what: "read it",
    registry: "r.example",
    responder: "registry",
  } as const;
  const options = { now: NOW_MS, hint: "no credential found for r.example" };
  const page = new Response("<!doctype html>", {
    status: 403,
    headers: { "content-type": "text/html" },
  });
  assert.match((await toRegistryError(page, request, options)).hint ?? "", /proxy or firewall/);
  const json = new Response('{"errors":[{"code":"DENIED"}]}', { status: 403 });
  assert.equal((await toRegistryError(json, request, options)).hint, options.hint);
});
