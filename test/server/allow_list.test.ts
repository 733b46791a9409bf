import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../src/config/parse_config.ts";
import { ParseError } from "../../src/errors.ts";
import { createMatcher, rejectUselessGlobs, ruleNames } from "../../src/server/allow_list.ts";
import { startDocumentedApp } from "./documented_app.ts";
import { ruleOf } from "../sync/setup.ts";

const MATCHES: [glob: string, name: string, matches: boolean][] = [
  ["docker.io/library/*", "docker.io/library/alpine", true],
  ["docker.io/library/*", "docker.io/library/a/b", false],
  ["docker.io/library/*", "docker.io/other/alpine", false],
  ["docker.io/**", "docker.io/library/alpine", true],
  ["**", "docker.io/library/alpine", true],
  ["ghcr.io/org/app", "ghcr.io/org/app", true],
  ["ghcr.io/org/app", "ghcr.io/org/app2", false],
  ["ghcr.io/org/app", "xghcr.io/org/app", false],
  ["ghcr.io/org/app", "ghcrXio/org/app", false],
  ["*.example.com/**", "a.example.com/x", true],
  ["*.example.com/**", "a.example.com.evil.io/x", false],
  ["127.0.0.1:5000/**", "127.0.0.1:5000/a", true],
  ["127.0.0.1:5000/**", "127.0.0.1:5001/a", false],
  ["[::1]:5000/**", "[::1]:5000/a", true],
  ["[::1]:5000/**", ":/a", false],
  ["!docker.io/**", "ghcr.io/a", false],
  ["ghcr.io/{a,b}/*", "ghcr.io/b/x", true],
];

for (const [glob, name, matches] of MATCHES) {
  test(`createMatcher() of ${glob} ${matches ? "matches" : "does not match"} ${name}`, () => {
    assert.equal(createMatcher([glob])(name), matches);
  });
}

const DIGEST = `sha256:${"a".repeat(64)}`;

/** Globs that match no repository, and what to write. */
const USELESS: readonly [glob: string, written: string][] = [
  ["alpine", "docker.io/library/alpine"],
  ["alpine:3.20", "docker.io/library/alpine"],
  ["library/*", "docker.io/library/*"],
  ["acme/app", "docker.io/acme/app"],
  ["*", "**"],
  ["docker.io", "docker.io/**"],
  ["docker.io/", "docker.io/**"],
  ["docker.io/*", "docker.io/**"],
  ["docker.io/alpine", "docker.io/library/alpine"],
  ["index.docker.io/library/*", "docker.io/library/*"],
  ["registry-1.docker.io/**", "docker.io/**"],
  ["https://ghcr.io/acme/*", "ghcr.io/acme/*"],
  ["https://ghcr.io", "ghcr.io/**"],
  ["docker://alpine", "docker.io/library/alpine"],
  ["GHCR.io/acme/*", "ghcr.io/acme/*"],
  ["localhost", "localhost/**"],
  ["localhost:5000", "localhost:5000/**"],
  ["[::1]:5000", "[::1]:5000/**"],
  ["ghcr.io/acme/app:1.2", "ghcr.io/acme/app"],
  ["ghcr.io/acme/app:*", "ghcr.io/acme/app"],
  [`ghcr.io/acme/app@${DIGEST}`, "ghcr.io/acme/app"],
  ["*.example.com", "*.example.com/**"],
  ["ghcr.io/Acme/*", "ghcr.io/acme/*"],
  ["ghcr.io//acme/*", "ghcr.io/acme/*"],
  ["/ghcr.io/acme/*", "ghcr.io/acme/*"],
];

for (const [glob, written] of USELESS) {
  test(`rejectUselessGlobs() rejects ${glob}, and proposes ${written}`, () => {
    assert.equal(
      reject(glob),
      `CROSSDOCK_ALLOW_SOURCES: "${glob}" matches no repository; write ${written}`,
    );
    assert.equal(reject(written), undefined);
    const matches = createMatcher([glob]);
    for (const name of ["docker.io/library/alpine", "ghcr.io/acme/app", "localhost:5000/a"]) {
      assert.equal(matches(name), false, name);
    }
  });
}

test("rejectUselessGlobs() rejects exclusions and globs that a comma has cut", () => {
  assert.match(reject("!docker.io/**") ?? "", /excludes names/);
  assert.match(reject("ghcr.io/{a") ?? "", /a comma ends a glob/);
  assert.match(reject("b}/*") ?? "", /a comma ends a glob/);
});

const QUOTED = [
  '["ghcr.io/**"]',
  '"ghcr.io/**"',
  "'ghcr.io/**'",
  "a.io/**;b.io/**",
  "a.io/**|b.io/**",
];

for (
  const glob of [
    "ghcr.io/./x",
    "ghcr.io/../x",
    "u:p@ghcr.io/**",
    "g\u04bbcr.io/**",
    "ghcr.io/[ab]/*",
  ]
) {
  test(`rejectUselessGlobs() rejects the part of no name in ${glob}`, () => {
    assert.match(reject(glob) ?? "", /has a character or a part that no name has/);
  });
}

for (const glob of ["ghcr.io:99999/**", "ghcr.io:/x", "oci:./x", "127.1/**"]) {
  test(`rejectUselessGlobs() rejects the registry of ${glob}`, () => {
    assert.match(reject(glob) ?? "", /matches no repository; parse reference/);
  });
}

for (const glob of [...QUOTED, "ghcr.io\\acme\\*", "ghcr.io/$ORG/*", "#ghcr.io/**"]) {
  test(`rejectUselessGlobs() rejects the character of no name in ${glob}`, () => {
    assert.match(reject(glob) ?? "", /has a character that no name has/);
  });
}

const USEFUL = [
  ...MATCHES.filter(([, , matches]) => matches).map(([glob]) => glob),
  "**",
  "*/**",
  "*/library/*",
  "**/alpine",
  "localhost/a",
  "Foo/**",
  "localhost:*/**",
  "127.0.0.1:*/**",
  "[::1]/a",
  "registry:5000/a",
  "docker.io/**",
  "docker.io/*/*",
  "docker.i?/library/alpine",
  "go.microsoft.com/fwlink/",
  `mcr.microsoft.com/v2/windows/servercore/blobs/${DIGEST}`,
  "mcr.microsoft.com/v2/*/blobs/sha256:*",
  "layers.example.com/Windows/base.tar",
];

for (const glob of USEFUL) {
  test(`rejectUselessGlobs() accepts ${glob}`, () => {
    assert.equal(reject(glob), undefined);
  });
}

test("rejectUselessGlobs() names each variable, and the server does not start", async () => {
  const variables = {
    CROSSDOCK_ALLOW_SOURCES: "alpine ghcr.io/**",
    CROSSDOCK_ALLOW_DESTINATIONS: "https://ghcr.io/a, ghcr.io",
  };
  await assert.rejects(() => startDocumentedApp({ variables }), {
    name: "ParseError",
    message:
      'configuration is not valid: CROSSDOCK_ALLOW_SOURCES: "alpine" matches no repository; ' +
      'write docker.io/library/alpine; CROSSDOCK_ALLOW_DESTINATIONS: "https://ghcr.io/a" matches no ' +
      'repository; write ghcr.io/a; CROSSDOCK_ALLOW_DESTINATIONS: "ghcr.io" matches no repository; write ghcr.io/**',
  });
});

/** The mistake about one glob. */
function reject(glob: string): string | undefined {
  try {
    rejectUselessGlobs({ ...parseConfig({}), allowSources: [glob] });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ParseError);
    return error.message.replace("configuration is not valid: ", "");
  }
}

test("createMatcher() of no glob matches nothing", () => {
  assert.equal(createMatcher([])("docker.io/library/alpine"), false);
});

test("ruleNames() lists what rules read and write, including repositories of referrers", () => {
  const rules = [
    ruleOf("{type: image, source: alpine:3.20, target: b.example/alpine:1}"),
    ruleOf(
      "{type: registry, source: a.example, targets: [b.example/a, c.example], referrers: true, " +
        "referrerSource: d.example/signed, referrerTarget: e.example/kept}",
    ),
  ];
  assert.deepEqual(ruleNames(rules), {
    sources: ["docker.io/library/alpine", "a.example/**", "d.example/signed"],
    destinations: ["b.example/alpine", "b.example/a/**", "c.example/**", "e.example/kept"],
  });
});
