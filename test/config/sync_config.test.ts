import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { ENV, mistakesOf, NOW, parse, ruleOf } from "../sync/setup.ts";
import { IMAGE, REPOSITORY, testMistakes } from "./cases.ts";
import { REGSYNC_FILES, REGSYNC_FOLDER } from "./regsync_files.ts";

test("parseSyncConfig() reads a rule and fills in defaults", () => {
  assert.deepEqual(parse(`sync: [{${REPOSITORY}}]`), {
    config: {
      rules: [{
        name: "a.example/app",
        type: "repository",
        source: "a.example/app",
        targets: ["b.example/app"],
        tagSets: [],
        repositories: { allow: [], deny: [] },
        copy: { referrers: false, digestTags: false, index: "sparse" },
        fastCheck: false,
      }],
      registries: [],
      parallel: 4,
      dockerConfig: true,
      webhooks: { incoming: new Map(), outgoing: [] },
    },
    warnings: [],
  });
});

test("parseSyncConfig() reads an empty file", () => {
  assert.deepEqual(parse("# nothing yet\n").config.rules, []);
});

/** What selects nothing, or overwrites what another rule copies. */
const WARNINGS: readonly [text: string, warning: RegExp][] = [
  [`sync: [{${REPOSITORY}, schedule: '0 0 30 2 *'}]`, /sync\[0\]\.schedule: it never has a time/],
  [`sync: [{${REPOSITORY}, mediaTypes: [docker]}]`, /mediaTypes\[0\]: is not a media type/],
  [
    `sync: [{${REPOSITORY}, tags: {allow: ['{{ env "X" }}']}}]`,
    /allow\[0\]: .*a pattern is no template/,
  ],
  [
    "sync: [{type: image, source: a.io/b:1, target: c.io/d:1}, {type: image, source: a.io/e:1, target: c.io/d:1}]",
    /sync\[1\]: c\.io\/d:1 is also the target of a\.io\/b:1/,
  ],
];

for (const [text, warning] of WARNINGS) {
  test(`parseSyncConfig() warns of ${text}`, () => {
    const { warnings } = parse(text);
    assert.equal(warnings.length, 1, JSON.stringify(warnings));
    assert.match(warnings[0] ?? "", warning);
  });
}

test("parseSyncConfig() does not warn of a schedule on February 29", () => {
  assert.deepEqual(parse(`sync: [{${REPOSITORY}, schedule: '0 0 29 2 *'}]`).warnings, []);
});

test("parseSyncConfig() reads JSON", () => {
  const { config } = parse(
    '{"version": 1, "sync": [{"type": "registry", "source": "a.example", "target": "b.example/m"}]}',
  );
  assert.deepEqual(config.rules.map(({ targets }) => targets), [["b.example/m"]]);
});

test("parseSyncConfig() reads hundreds of rules that share a group", () => {
  const rules = Array.from({ length: 500 }, (_, i) => `- {<<: *x, source: a.example/${i}}\n`);
  const shared = "type: repository, target: b.example/all";
  const { config } = parse(`x-rule: &x {${shared}}\nsync:\n${rules.join("")}`);
  assert.deepEqual(config.rules.at(-1)?.source, "a.example/499");
  assert.deepEqual(
    config.rules.map(({ targets }) => targets).flat(),
    Array(500).fill("b.example/all"),
  );
});

test("parseSyncConfig() reads every key of a rule", () => {
  const rule = ruleOf(
    `
    name: app
    type: repository
    source: ghcr.io/app
    targets: [b.example/app, c.example/app]
    tags: {allow: ["1.*"], deny: ["2.*"], semverRange: [">=1"], latest: 5, by: created}
    tagSets: [{allow: [latest]}]
    platforms: [linux/amd64]
    index: rebuild
    digestTags: true
    referrers: true
    referrerFilters: [{artifactType: a/b, annotations: {c: d}}]
    referrerSource: ghcr.io/signed
    referrerTarget: "{{ .Sync.Target }}-signed"
    fastCheck: true
    forceRecursive: true
    includeExternal: true
    mediaTypes: [x/y]
    backup: "old-{{ .Ref.Tag }}"
    schedule: "@every 2h"
    ratelimit: {min: 10, retry: 15m}
    minAge: 72h
    ifExists: fail
    verify: stream
    prune: {keep: ["old-.*"], maxShare: 0.5}`,
  );
  assert.deepEqual(rule, {
    name: "app",
    type: "repository",
    source: "ghcr.io/app",
    targets: ["b.example/app", "c.example/app"],
    tagSets: [
      { allow: ["latest"], deny: [], semverRange: [] },
      {
        allow: ["1.*"],
        deny: ["2.*"],
        semverRange: [">=1"],
        latest: { count: 5, by: "created" },
      },
    ],
    repositories: { allow: [], deny: [] },
    copy: {
      platforms: ["linux/amd64"],
      index: "rebuild",
      referrers: true,
      referrerFilters: [{ artifactType: "a/b", annotations: { c: "d" } }],
      referrerSource: "ghcr.io/signed",
      referrerDestination: "b.example/app-signed",
      digestTags: true,
      verify: "stream",
      ifExists: "fail",
      recheck: true,
      foreignLayers: true,
    },
    fastCheck: true,
    mediaTypes: ["x/y"],
    schedule: { everyMs: 7_200_000 },
    rateLimit: { min: 10, retryMs: 900_000 },
    minAgeMs: 72 * 3_600_000,
    backup: {
      template: "old-{{ .Ref.Tag }}",
      sync: {
        Source: "ghcr.io/app",
        Target: "b.example/app",
        Type: "repository",
        Platform: "",
        Backup: "old-{{ .Ref.Tag }}",
        Schedule: "@every 2h",
        Interval: "",
      },
    },
    prune: { keep: ["old-.*"], maxShare: 0.5 },
  });
});

test("parseSyncConfig() names rules by their sources, each name once", () => {
  const entries = [
    IMAGE,
    IMAGE.replace("b.example", "c.example"),
    `name: mine, ${REPOSITORY}`,
    REPOSITORY,
  ];
  const { config } = parse(`sync: [${entries.map((entry) => `{${entry}}`).join()}]`);
  assert.deepEqual(config.rules.map(({ name }) => name), [
    "a.example/app:1",
    "a.example/app:1#2",
    "mine",
    "a.example/app",
  ]);
});

test("parseSyncConfig() lists all mistakes in the order of the file, and nothing of a secret", () => {
  const mistakes = mistakesOf(`
creds:
  - registry: a.example
    user: hunter2
    pass: [hunter2]
    tsl: disabled
  - registry: b.example
    user: hunter2
    pass: '{{ index (split (env "PASS") ",") 7 }}'
sync:
  - source: alpine
    target: b.example/alpine
    type: repository
    referrers: maybe
    tags: {allow: ["("], latst: 1}
  - source: alpine
    type: repository
webhooks:
  in:
    quay: {kind: path, secrets: {a: hunter2}}
`);
  const places = mistakes.map((mistake) => /^f:(\S+): (\S+):/.exec(mistake)?.slice(1).join(" "));
  assert.deepEqual(places, [
    "5:11 creds[0].pass",
    "6:5 creds[0].tsl",
    "9:11 creds[1].pass",
    "14:16 sync[0].referrers",
    "15:20 sync[0].tags.allow[0]",
    "15:26 sync[0].tags.latst",
    "16:5 sync[1].target",
    "20:33 webhooks.in.quay.secrets",
  ]);
  assert.doesNotMatch(mistakes.join("\n"), /hunter2/);
});

for (
  const [text, places] of [
    [
      `sync:
- {source: a.example/x, target: b.example/X, type: repository, tags: {allow: [[x], "("], semverRange: [">>1"]}, schedule: "61 * * * *"}
- {source: a.example/X, target: b.example/x, type: repo, interval: 1d, prune: {maxShare: 2}}
- {source: "a.example/x:1", targets: [], type: registri}
- {}`,
      [
        "sync[0].target",
        "sync[0].tags.allow[0]",
        "sync[0].tags.allow[1]",
        "sync[0].tags.semverRange[0]",
        "sync[0].schedule",
        "sync[1].source",
        "sync[1].type",
        "sync[1].interval",
        "sync[1].prune.maxShare",
        "sync[2].targets",
        "sync[2].type",
        "sync[3].source",
        "sync[3].type",
        "sync[3].target",
      ],
    ],
    [
      `creds:
- {user: [x], pass: "{{", token: x}
- {registry: A B, user: x}`,
      ["creds[0].registry", "creds[0].user", "creds[0].pass", "creds[1].registry", "creds[1].user"],
    ],
    [
      `webhooks:
  in:
    foo: {kind: path, place: r.example, secrets: [short]}
    docker-hub: {kind: signature, secrets: [short]}
    quay: {kind: path, secrets: []}
    github: {kind: basic, secrets: [[x], short]}
    harbor: {kind: nothing}
    gitea: 5
  out:
  - {url: "ftp://x", secrets: ["whsec_!!!"], events: [nope]}
  - {events: []}`,
      [
        "webhooks.in.foo",
        "webhooks.in.foo.secrets[0]",
        "webhooks.in.docker-hub.kind",
        "webhooks.in.docker-hub.secrets[0]",
        "webhooks.in.quay.secrets",
        "webhooks.in.github.username",
        "webhooks.in.github.kind",
        "webhooks.in.github.secrets[0]",
        "webhooks.in.github.secrets[1]",
        "webhooks.in.harbor.kind",
        "webhooks.in.gitea",
        "webhooks.out[0].url",
        "webhooks.out[0].secrets",
        "webhooks.out[0].events[0]",
        "webhooks.out[1].url",
        "webhooks.out[1].secrets",
        "webhooks.out[1].events",
      ],
    ],
  ] as const
) {
  test(`parseSyncConfig() reports mistakes beside a wrong key or element: ${text.split(":")[0]}`, () => {
    const mistakes = mistakesOf(text);
    assert.deepEqual(
      mistakes.map((mistake) => /^f:\S+: (\S+):/.exec(mistake)?.[1]),
      places,
      mistakes.join("\n"),
    );
  });
}

for (const name of REGSYNC_FILES) {
  test(`parseSyncConfig() reads regsync's ${name} as it is`, () => {
    const text = readFileSync(join(REGSYNC_FOLDER, name), "utf8");
    const env = {
      ...ENV,
      SOURCE: "127.0.0.1:5000",
      TARGET: "127.0.0.1:5001",
      HUB_USER: "u",
      REGISTRY_USER: "u",
      QUAY_TOKEN: "t",
    };
    const readFile = (): string => "secret";
    const { config } = parseSyncConfig(text, { from: name, env, now: NOW, readFile });
    assert.equal(config.rules.length, text.match(/^ {4}type: /gm)?.length ?? 2);
  });
}

testMistakes([
  [
    "a name twice",
    `sync: [{name: a, ${IMAGE}}, {name: a, ${REPOSITORY}}]`,
    /sync\[1\]\.name: sync\[0\] has the same name/,
  ],
  ["a name with a space", `sync: [{name: a b, ${IMAGE}}]`, /name: expected letters/],
]);

test("parseSyncConfig() keeps annotations whose names begin with x-, and those without a value", () => {
  const { config } = parse(
    "sync:\n- {source: a, target: r.io/a, type: repository, referrers: true, " +
      "referrerFilters: [{annotations: {x-kind: sbom, other: }}]}\n",
  );
  assert.deepEqual(config.rules[0]?.copy.referrerFilters, [
    { annotations: { "x-kind": "sbom", other: "" } },
  ]);
});

test("parseSyncConfig() ignores keys that begin with x- in every group", () => {
  const { config, warnings } = parse(
    "x-a: b\ncreds: [{registry: r.io, x-a: b}]\ndefaults: {x-a: b}\n" +
      "sync: [{source: a, target: r.io/a, type: repository, x-a: b, tags: {allow: [v1], x-a: b}}]\n",
  );
  assert.deepEqual(config.rules[0]?.tagSets[0]?.allow, ["v1"]);
  assert.deepEqual(warnings, []);
});

test("parseSyncConfig() treats a hook whose name begins with x- like any other", () => {
  assert.match(mistakesOf("webhooks: {in: {x-hook: {kind: path}}}\n").join("\n"), /in\.x-hook/);
});

test("parseSyncConfig() reads an empty item of allow as an empty pattern, with a warning", () => {
  const { config, warnings } = parse(
    "sync:\n- source: a\n  target: r.io/a\n  type: repository\n  tags:\n    allow:\n    - \n    - v0.1.1\n",
  );
  assert.deepEqual(config.rules[0]?.tagSets[0]?.allow, ["", "v0.1.1"]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /allow\[0\]: is empty; as in regsync, it matches only an empty/);
});
