import assert from "node:assert/strict";
import { test } from "node:test";
import { ParseError } from "../../src/errors.ts";
import { parseConfig } from "../../src/config/parse_config.ts";

const TOKEN = "0123456789abcdef";

test("parseConfig() of no variables allows nothing", () => {
  const config = parseConfig({});
  assert.deepEqual(config.tokens, []);
  assert.equal(config.open, false);
  assert.deepEqual([config.allowSources, config.allowDestinations, config.allowPrivate], [
    [],
    [],
    [],
  ]);
  assert.equal(config.log, "info");
});

test("parseConfig() treats an empty variable as unset", () => {
  assert.deepEqual(parseConfig({ CROSSDOCK_CONCURRENCY: "", CROSSDOCK_OPEN: "" }), parseConfig({}));
});

test("parseConfig() ignores bindings that are not text", () => {
  assert.deepEqual(parseConfig({ COPIES: { get: () => {} }, PATH: "/bin" }), parseConfig({}));
});

test("parseConfig() rejects settings that are not text", () => {
  const variables = { CROSSDOCK_RETRIES: 2, CROSSDOCK_OPNE: true, CROSSDOCK_TOKENS: { ci: TOKEN } };
  assert.throws(() => parseConfig(variables), (error: Error) => {
    assert.ok(error instanceof ParseError);
    for (const name of Object.keys(variables)) {
      assert.ok(error.message.includes(`${name}: the value is not text`), error.message);
    }
    assert.ok(!error.message.includes(TOKEN));
    return true;
  });
});

test("parseConfig() reads lists parted by commas, spaces and lines", () => {
  const { allowSources } = parseConfig({
    CROSSDOCK_ALLOW_SOURCES: "ghcr.io/a/**, quay.io/b/*\n docker.io/library/*,",
  });
  assert.deepEqual(allowSources, ["ghcr.io/a/**", "quay.io/b/*", "docker.io/library/*"]);
});

test("parseConfig() reads every variable", () => {
  const config = parseConfig({
    CROSSDOCK_TOKENS: JSON.stringify({ ci: TOKEN }),
    CROSSDOCK_OPEN: "true",
    CROSSDOCK_REGISTRY_AUTH: '{"auths":{}}',
    CROSSDOCK_ALLOW_SOURCES: "a.io/**",
    CROSSDOCK_ALLOW_DESTINATIONS: "b.io/**",
    CROSSDOCK_ALLOW_PRIVATE: "localhost",
    CROSSDOCK_PLAIN_HTTP: "registry:5000",
    CROSSDOCK_VERIFY: "stream",
    CROSSDOCK_LOG: "debug",
    CROSSDOCK_MAX_COPIES: "7",
    CROSSDOCK_MAX_HELD_BYTES: "99999999",
    CROSSDOCK_CONCURRENCY: "3",
    CROSSDOCK_RETRIES: "0",
    CROSSDOCK_TIMEOUT_MS: "5000",
    CROSSDOCK_PARALLEL_STEPS: "2",
    CROSSDOCK_CORS_ORIGINS: "https://board.example.com",
    CROSSDOCK_CONFIG:
      "sync: [{source: alpine:3.20, target: 'b.io/alpine:3.20', type: image, schedule: '@daily'}]",
    CROSSDOCK_GRACE_MS: "0",
    HOST: "::1",
    PORT: "0",
    CROSSDOCK_ECR_CREATE_REPOSITORY: "true",
    AWS_ACCESS_KEY_ID: "AKIA",
    AWS_SECRET_ACCESS_KEY: "key",
    AWS_SESSION_TOKEN: "session",
    GOOGLE_SERVICE_ACCOUNT: "{}",
    AZURE_TENANT_ID: "tenant",
    AZURE_CLIENT_ID: "client",
    AZURE_CLIENT_SECRET: "hush",
    AZURE_AUTHORITY_HOST: "https://login.example.com",
  });
  const { sync, ...variables } = config;
  assert.deepEqual(sync.rules.map(({ source, targets, schedule }) => [source, targets, schedule]), [
    ["docker.io/library/alpine:3.20", ["b.io/alpine:3.20"], { cron: "@daily" }],
  ]);
  assert.deepEqual(variables, {
    tokens: [{ name: "ci", token: TOKEN, scope: "copy" }],
    open: true,
    registryAuth: '{"auths":{}}',
    aws: {
      accessKeyId: "AKIA",
      secretAccessKey: "key",
      sessionToken: "session",
      createRepository: true,
    },
    googleServiceAccount: "{}",
    azure: {
      tenantId: "tenant",
      clientId: "client",
      clientSecret: "hush",
      authorityHost: "https://login.example.com",
    },
    allowSources: ["a.io/**"],
    allowDestinations: ["b.io/**"],
    allowPrivate: ["localhost"],
    plainHttp: ["registry:5000"],
    verify: "stream",
    log: "debug",
    maxCopies: 7,
    maxHeldBytes: 99_999_999,
    concurrency: 3,
    retries: 0,
    timeoutMs: 5000,
    parallelSteps: 2,
    corsOrigins: ["https://board.example.com"],
    graceMs: 0,
    hostname: "::1",
    port: 0,
  });
});

const WRONG: Readonly<Record<string, [name: string, value: string]>> = {
  "a number in words": ["CROSSDOCK_CONCURRENCY", "many"],
  "a number below its range": ["CROSSDOCK_CONCURRENCY", "0"],
  "a number above its range": ["CROSSDOCK_RETRIES", "21"],
  "a flag of another word": ["CROSSDOCK_OPEN", "yes"],
  "a level that is none": ["CROSSDOCK_LOG", "loud"],
  "tokens that are no JSON": ["CROSSDOCK_TOKENS", "hunter2hunter2hunter2"],
  "a token that is too short": ["CROSSDOCK_TOKENS", '{"ci":"hunter2"}'],
  "rules that are no list": ["CROSSDOCK_CONFIG", "creds: [{registry: a.io, user: hunter2}]"],
  "a key without its secret": ["AWS_ACCESS_KEY_ID", "hunter2"],
  "a port above 65535": ["PORT", "65536"],
  "an address that is a URL": ["HOST", "http://hunter2"],
  "a variable that there is not": ["CROSSDOCK_TOKNES", "hunter2"],
  "two tokens of one name": ["CROSSDOCK_TOKENS", `{"ci":"${TOKEN}hunter2","ci":"${TOKEN}"}`],
  "tokens and names in the wrong order": ["CROSSDOCK_TOKENS", '{"hunter2hunter2hunter2":"ci"}'],
  "a token as a key": ["CROSSDOCK_TOKENS", '{"ci":{"token":"0123456789abcdef","hunter2":1}}'],
  "a name of the prototype": ["CROSSDOCK_TOKENS", '{"__proto__":"hunter2hunter2hunter2"}'],
  "credentials without auths": ["CROSSDOCK_REGISTRY_AUTH", '{"ghcr.io":{"password":"hunter2"}}'],
  "an authority with a password": ["AZURE_AUTHORITY_HOST", "https://u:hunter2@login.example"],
  "a key in quotes": ["AWS_ACCESS_KEY_ID", '"hunter2"'],
  "a port behind a name": ["HOST", "hunter2:80"],
  "a registry with a password": ["CROSSDOCK_PLAIN_HTTP", "http://u:hunter2@r.example"],
  "an origin with a password": ["CROSSDOCK_CORS_ORIGINS", "https://u:hunter2@b.example.com"],
  "a key with a line end": ["AWS_SECRET_ACCESS_KEY", "hunter2\n"],
  "a secret with a space": ["AZURE_CLIENT_SECRET", "hunter2 "],
  "rules that are only a secret": ["CROSSDOCK_CONFIG", "hunter2hunter2"],
};

for (const [what, [name, value]] of Object.entries(WRONG)) {
  test(`parseConfig() names the variable of ${what}, and shows no value`, () => {
    assert.throws(() => parseConfig({ [name]: value }), (error) => {
      assert.ok(error instanceof ParseError);
      assert.match(
        error.message,
        name === "AWS_ACCESS_KEY_ID" ? /AWS_SECRET_ACCESS_KEY/ : new RegExp(name),
      );
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });
}

const NUMBERS = ["30s", "64MiB", "1.5", "-1", "1e3", "0x10", "1_000", " 4", "4\n", "'4'", "٣"];

for (const value of [...NUMBERS, "0", "257", "99999999999"]) {
  test(`parseConfig() rejects the number ${JSON.stringify(value)}, and names its range`, () => {
    assert.throws(() => parseConfig({ CROSSDOCK_CONCURRENCY: value }), {
      message: "configuration is not valid: CROSSDOCK_CONCURRENCY: expected a whole number " +
        "from 1 to 256, without a unit",
    });
  });
}

/** Entries that no browser sends as its origin, and what to write. */
const ORIGINS: Readonly<Record<string, string>> = {
  "https://board.example.com/": "https://board.example.com",
  "https://board.example.com:443": "https://board.example.com",
  "HTTPS://Board.example.com": "https://board.example.com",
  "https://board.example.com/app": "https://board.example.com",
  "board.example.com": "a scheme and a host",
  "https://*.example.com": "a scheme and a host",
  "*": "a scheme and a host",
  "null": "a scheme and a host",
};

for (const [origin, written] of Object.entries(ORIGINS)) {
  test(`parseConfig() rejects the origin ${origin}`, () => {
    assert.throws(
      () => parseConfig({ CROSSDOCK_CORS_ORIGINS: `http://localhost:3000 ${origin}` }),
      (error: Error) => {
        const wanted = `CROSSDOCK_CORS_ORIGINS: entry 2 is not an origin; write ${written}`;
        assert.ok(error.message.includes(wanted), error.message);
        return true;
      },
    );
  });
}

for (const name of ["http://registry:5000", "registry", "*.internal", "10.0.0.0/8", "r:99999"]) {
  test(`parseConfig() rejects ${name} as a registry with plain HTTP`, () => {
    assert.throws(
      () => parseConfig({ CROSSDOCK_PLAIN_HTTP: name }),
      /CROSSDOCK_PLAIN_HTTP: parse reference/,
    );
  });
}

test("parseConfig() reads the registries with plain HTTP in the spelling of references", () => {
  const { plainHttp } = parseConfig({ CROSSDOCK_PLAIN_HTTP: "Registry:05000" });
  assert.deepEqual(plainHttp, ["registry:5000"]);
});

test("parseConfig() ignores what Kubernetes sets for a service with the name crossdock", () => {
  const variables = {
    CROSSDOCK_SERVICE_HOST: "10.0.0.1",
    CROSSDOCK_SERVICE_PORT: "8080",
    CROSSDOCK_SERVICE_PORT_HTTP: "8080",
    CROSSDOCK_PORT: "tcp://10.0.0.1:8080",
    CROSSDOCK_PORT_8080_TCP: "tcp://10.0.0.1:8080",
    CROSSDOCK_PORT_8080_TCP_ADDR: "10.0.0.1",
    CROSSDOCK_SERVER_PORT_8080_TCP_PROTO: "tcp",
  };
  assert.deepEqual(parseConfig(variables), parseConfig({}));
});

test("parseConfig() rejects a port in a variable that Kubernetes sets to a URL", () => {
  assert.throws(
    () => parseConfig({ CROSSDOCK_PORT: "9000" }),
    /CROSSDOCK_PORT: there is no such variable/,
  );
});

test("parseConfig() proposes the name of a misspelt variable", () => {
  assert.throws(
    () => parseConfig({ CROSSDOCK_ALLOW_SOURCE: "a.io/**" }),
    /CROSSDOCK_ALLOW_SOURCE: there is no such variable; did you mean CROSSDOCK_ALLOW_SOURCES/,
  );
});

test("parseConfig() says where the name of a file belongs", () => {
  assert.throws(
    () => parseConfig({ CROSSDOCK_CONFIG: "/etc/crossdock.yaml" }),
    /CROSSDOCK_CONFIG: .* put the name of a file into CROSSDOCK_CONFIG_FILE/,
  );
});

test("parseConfig() reports all mistakes at once", () => {
  assert.throws(
    () => parseConfig({ CROSSDOCK_LOG: "loud", CROSSDOCK_OPEN: "yes", CROSSDOCK_X: "1" }),
    /CROSSDOCK_X.*CROSSDOCK_OPEN.*CROSSDOCK_LOG/,
  );
});

test("parseConfig() leaves the variables of the command line alone", () => {
  assert.deepEqual(parseConfig({ CROSSDOCK_DEBUG: "1", CROSSDOCK_TOKEN: "x" }), parseConfig({}));
});

test("parseConfig() names every mistake of the rules, with its line, besides those of variables", () => {
  const text = "sync:\n  - {source: a.io/b, type: repository}\n  - {sorce: a.io/b, type: image}\n";
  assert.throws(() => parseConfig({ CROSSDOCK_CONFIG: text, PORT: "many" }), (error) => {
    assert.ok(error instanceof ParseError);
    assert.match(error.message, /PORT: expected a whole number/);
    assert.match(error.message, /CROSSDOCK_CONFIG:2:5: sync\[0\]\.target: /);
    assert.match(error.message, /CROSSDOCK_CONFIG:3:6: sync\[1\]\.sorce: /);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
});

test("parseConfig() reads the rules of a file, and fills in variables", () => {
  const { sync } = parseConfig({ CROSSDOCK_CONFIG_FILE: "mirrors.yaml", PASS: "p" }, {
    configFile: "creds: [{registry: a.io, user: u, pass: '{{ env \"PASS\" }}', regcert: x}]",
  });
  assert.deepEqual(sync.registries[0]?.credential, {
    kind: "basic",
    username: "u",
    password: "p",
  });
  assert.equal(sync.warnings.length, 1);
  assert.match(sync.warnings[0] ?? "", /^mirrors\.yaml:1:\d+: creds\[0\]\.regcert: /);
});

test("parseConfig() reads the files in templates, and rejects them on a host without files", () => {
  const CROSSDOCK_CONFIG = `creds: [{registry: a.io, user: u, pass: '{{ file "/run/pass" }}'}]`;
  const { sync } = parseConfig({ CROSSDOCK_CONFIG }, {
    readFile: (path) => path === "/run/pass" ? "p\n" : undefined,
  });
  assert.deepEqual(sync.registries[0]?.credential, {
    kind: "basic",
    username: "u",
    password: "p",
  });
  assert.throws(
    () => parseConfig({ CROSSDOCK_CONFIG }),
    /CROSSDOCK_CONFIG:1:\d+: creds\[0\]\.pass: .*file: this host has no files; use env/,
  );
  assert.throws(
    () => parseConfig({ CROSSDOCK_CONFIG }, { readFile: () => undefined }),
    /creds\[0\]\.pass: is empty; file \/run\/pass cannot be read/,
  );
});

test("parseConfig() rejects a rules file on a host without files, or together with rules", () => {
  const file = { CROSSDOCK_CONFIG_FILE: "mirrors.yaml" };
  assert.throws(() => parseConfig(file), /CROSSDOCK_CONFIG_FILE: this host has no files/);
  assert.throws(
    () => parseConfig({ ...file, CROSSDOCK_CONFIG: "sync: []" }, { configFile: "sync: []" }),
    /CROSSDOCK_CONFIG_FILE: CROSSDOCK_CONFIG is set as well/,
  );
});

test("parseConfig() rejects rules with folders, because a server has none", () => {
  const text = "sync:\n  - {type: repository, source: a.io/b, target: 'ocidir://mirror/b'}\n";
  assert.throws(
    () => parseConfig({ CROSSDOCK_CONFIG: text }),
    /CROSSDOCK_CONFIG:2:\d+: sync\[0\]\.target: a server has no folders; run this rule with crossdock sync/,
  );
});
