import assert from "node:assert/strict";
import { test } from "node:test";
import type { Digest } from "../../../src/oci/digest.ts";
import { formatReference } from "../../../src/oci/reference.ts";
import { parseConfig } from "../../../src/config/parse_config.ts";
import { matchRules } from "../../../src/webhooks/incoming/match_rules.ts";

const { rules } = parseConfig({
  CROSSDOCK_CONFIG: `
sync:
  - {name: all, type: repository, source: r.example/app, target: m.example/app}
  - {name: versions, type: repository, source: r.example/app, target: m.example/v, tags: {semverRange: [">=1.0"]}}
  - {name: signed, type: repository, source: r.example/app, target: m.example/s, tags: {allow: ["1"]}, digestTags: true, referrers: true}
  - {name: image, type: image, source: "r.example/app:1", target: "m.example/i:1", digestTags: true}
  - {name: pinned, type: image, source: "r.example/app@sha256:${
    "a".repeat(64)
  }", target: "m.example/p:1"}
  - {name: pinned-signed, type: image, source: "r.example/app@sha256:${
    "c".repeat(64)
  }", target: "m.example/p:2", referrers: true}
  - {name: registry, type: registry, source: r.example, target: m.example/r, tags: {deny: [".*"]}}
  - {name: back, type: repository, source: m.example/app, target: r.example/app}
`,
}).sync;

const SIGNATURE = `sha256-${"b".repeat(64)}.sig`;
const FALLBACK = `sha256-${"b".repeat(64)}`;

const IMAGE = `sha256:${"b".repeat(64)}` as const;
const SHA512_FALLBACK = `sha512-${"b".repeat(64)}`;

const CASES: [
  event: {
    repository: string;
    tag?: string;
    registry?: string;
    digest?: Digest;
  },
  matches: string[],
][] = [
  [{ repository: "app", tag: "1" }, [
    "r.example/app:1: all versions signed image",
  ]],
  [{ repository: "app", tag: "dev" }, ["r.example/app:dev: all"]],
  [{ repository: "app" }, [
    "r.example/app: all versions signed image registry",
  ]],
  [{ repository: "other", tag: "1" }, []],
  [{ repository: "app", tag: SIGNATURE }, [
    `r.example/app:${SIGNATURE}: all`,
    `r.example/app@${IMAGE}: signed image`,
  ]],
  [{ repository: "app", tag: FALLBACK }, [
    `r.example/app:${FALLBACK}: all`,
    `r.example/app@${IMAGE}: signed pinned-signed`,
  ]],
  [{ repository: "app", tag: SHA512_FALLBACK }, [
    `r.example/app:${SHA512_FALLBACK}: all`,
    "r.example/app: signed",
  ]],
  [{ repository: "app", digest: IMAGE }, [
    `r.example/app@${IMAGE}: signed pinned-signed`,
  ]],
  [{ repository: "other", digest: IMAGE }, []],
  [{ repository: "app", tag: "1", registry: "m.example" }, []],
];
for (const [event, matches] of CASES) {
  test(`matchRules() of ${JSON.stringify(event)}`, () => {
    const found = matchRules(event, "r.example", rules).map(({ about, rules }) =>
      `${formatReference(about)}: ${rules.map(({ name }) => name).join(" ")}`
    );
    assert.deepEqual(found, matches);
  });
}

test("matchRules() of a mirror's own push finds only rules whose source the mirror is", () => {
  const found = matchRules({ repository: "app", tag: "1" }, "m.example", rules);
  assert.deepEqual(found.flatMap(({ rules }) => rules.map(({ name }) => name)), ["back"]);
});

test("matchRules() leaves out repositories that a rule of a registry does not select", () => {
  const { rules } = parseConfig({
    CROSSDOCK_CONFIG: `
sync:
  - {name: some, type: registry, source: r.example, target: r.example/copies, repos: {allow: ["team/.*", "copies/.*"], deny: ["team/secret"]}, referrers: true}
`,
  }).sync;
  const find = (repository: string): number[] =>
    [{ repository, tag: "1" }, { repository, digest: IMAGE }, { repository, tag: FALLBACK }]
      .map((event) => matchRules(event, "r.example", rules).length);
  assert.deepEqual(find("team/app").map((count) => count > 0), [true, true, true]);
  for (const repository of ["other/app", "team/secret", "copies/team/app"]) {
    assert.deepEqual(find(repository), [0, 0, 0], repository);
  }
});

test("matchRules() of a referrer in its own repository finds the rules with this referrerSource", () => {
  const { rules } = parseConfig({
    CROSSDOCK_CONFIG: `
defaults: {referrers: true}
sync:
  - {name: one, type: repository, source: r.example/app, target: m.example/app, referrerSource: r.example/signatures}
  - {name: two, type: image, source: "r.example/app:1", target: "m.example/two:1", referrerSource: r.example/signatures}
  - {name: three, type: repository, source: r.example/lib, target: m.example/lib, referrerSource: r.example/signatures}
  - {name: none, type: repository, source: r.example/lib, target: m.example/n, referrerSource: r.example/signatures, referrers: false}
  - {name: other, type: repository, source: r.example/lib, target: m.example/o, referrerSource: r.example/other}
  - {name: registry, type: registry, source: x.example, target: m.example/r, referrerSource: r.example/signatures}
`,
  }).sync;
  const show = (digest?: Digest): string[] =>
    matchRules({ repository: "signatures", ...(digest ? { digest } : {}) }, "r.example", rules)
      .map(({ about, from, rules }) =>
        `${from && formatReference(from)} ${formatReference(about)}: ${
          rules.map(({ name }) => name)
        }`
      );
  assert.deepEqual(show(IMAGE), [
    `r.example/signatures r.example/app@${IMAGE}: one,two`,
    `r.example/signatures r.example/lib@${IMAGE}: three`,
  ]);
  assert.deepEqual(show(), []);
});
