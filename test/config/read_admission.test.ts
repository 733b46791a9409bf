import assert from "node:assert/strict";
import { test } from "node:test";
import { SyncConfigError } from "../../src/config/mistakes.ts";
import { readAdmission } from "../../src/config/read_admission.ts";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import type { SyncConfig } from "../../src/config/sync_config.ts";
import { KEYS } from "../admission/fixtures.ts";

const KEY = KEYS["p256"] ?? "";

const PRIVATE = KEY.replaceAll("PUBLIC", "PRIVATE");

const KEY_VARIABLES = {
  KEY,
  EMPTY: "",
  TWO: `${KEY}\n${KEYS["rsa"]}`,
  PRIVATE,
  CERTIFICATE: KEY.replaceAll("PUBLIC KEY", "CERTIFICATE"),
  BOTH: `${KEY}\n${PRIVATE}`,
  CUT: KEY.slice(0, 60),
};

function read(text: string): SyncConfig["admission"] {
  const inputs = { from: "crossdock.yaml", env: KEY_VARIABLES, now: 0 };
  return parseSyncConfig(text, { ...inputs, readAdmission }).config.admission;
}

/** The keys and messages of the mistakes. */
function mistakesOf(text: string): string[] {
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof SyncConfigError)) throw error;
    return error.mistakes.map(({ key, message }) => `${key}: ${message}`);
  }
  return [];
}

test("readAdmission() reads entries with their defaults", () => {
  const policy = read(`
admission:
  - images: ghcr.io/acme/**
    require: any
    signatures:
      - keyless: { issuer: "https://issuer", identity: "https://github.com/acme/*" }
      - key: '{{ env "KEY" }}'
    attestations:
      - { predicateType: "https://slsa.dev/provenance/v1", key: '{{ env "KEY" }}' }
    from: referrers
    children: true
  - images: quay.io/**
    signatures: [{ key: '{{ env "KEY" }}' }]
    from: quay.io/acme/signatures
  - images: "**"
    default: accept
`);
  const key = { type: "key", pem: KEY.trim() };
  assert.deepEqual(policy, [
    {
      images: "ghcr.io/acme/**",
      rule: {
        require: "any",
        children: true,
        requirements: [
          {
            signer: {
              type: "keyless",
              issuer: "https://issuer",
              identity: "https://github.com/acme/*",
            },
          },
          { signer: key },
          { signer: key, predicateType: "https://slsa.dev/provenance/v1" },
        ],
      },
    },
    {
      images: "quay.io/**",
      rule: {
        require: "all",
        children: false,
        requirements: [{ signer: key }],
        from: "quay.io/acme/signatures",
      },
    },
    { images: "**", rule: "accept" },
  ]);
});

test("readAdmission() finds no policy only in a file without the key", () => {
  assert.equal(read("version: 1"), undefined);
  const inputs = { from: "crossdock.yaml", env: {}, now: 0 };
  for (const text of ["admission:", "admission: []", "admission: [{ images: '**' }]"]) {
    assert.equal(parseSyncConfig(text, inputs).config.admission, "unread");
  }
});

const PATTERNS: [pattern: string, mayMatch: boolean][] = [
  ["**", true],
  ["**/app", true],
  ["*/acme/app", true],
  ["*.gcr.io/**", true],
  ["ghcr.io**", true],
  ["localhost:*/app", true],
  ["127.0.0.*:*/**", true],
  ["**:5000/app", true],
  ["ghcr.io/acme/app-*", true],
  ["ghcr.io/acme/v*.0", true],
  ["ghcr.io/*-app/**", true],
  ["docker.io/library/*", true],
  ["docker.io/**", true],
  ["localhost/app", true],
  ["registry.example:5000/app", true],
  ["[::1]:5000/app", true],
  ["oci:./Images/**", true],
  ["oci:**", true],
  ["*", false],
  ["ghcr.io", false],
  ["alpine", false],
  ["library/alpine", false],
  ["docker.io/alpine", false],
  ["docker.io/*", false],
  ["index.docker.io/library/**", false],
  ["registry-1.docker.io/library/**", false],
  ["Ghcr.io/acme/**", false],
  ["ghcr.io/Acme/**", false],
  ["*.IO/acme/**", false],
  ["*/Acme/app", false],
  ["ghcr.io:443/acme/**", false],
  ["*:443/acme/**", false],
  ["ghcr.io./acme/**", false],
  ["ghcr.io/acme/app:1.4", false],
  ["ghcr.io/acme/**:*", false],
  ["*/acme/app:1.4", false],
  ["ghcr.io/acme/app@sha256:*", false],
  ["https://ghcr.io/acme/**", false],
  ["docker://ghcr.io/acme/**", false],
  [" ghcr.io/acme/**", false],
  ["ghcr.io/acme/** ", false],
  ["ghcr.io//acme/**", false],
  ["ghcr.io/acme/", false],
  ['{{ env "REGISTRY" }}/acme/**', false],
];
for (const [pattern, mayMatch] of PATTERNS) {
  test(`readAdmission() ${mayMatch ? "accepts" : "rejects"} the pattern ${pattern}`, () => {
    const found = mistakesOf(
      JSON.stringify({ admission: [{ images: pattern, default: "reject" }] }),
    );
    if (mayMatch) assert.deepEqual(found, []);
    else assert.match(found.join(), /^admission\[0\]\.images: matches no image; expected /);
  });
}

const mistakes: [text: string, mistake: RegExp][] = [
  ["admission:", /^admission: expected a list with at least one entry$/],
  ["admission: []", /^admission: expected a list with at least one entry$/],
  ["admission: accept", /^admission: expected a list with at least one entry$/],
  ["admission: [{ default: accept }]", /^admission\[0\]\.images: is missing$/],
  ["admission: [{ images: '*', default: accept }]", /images: matches no image; expected/],
  ["admission: [{ images: a.io/b }]", /expected signatures, attestations or default/],
  ["admission: [{ images: a.io/b, signatures: [] }]", /signatures: expected at least one/],
  [
    `admission: [{ images: a.io/b, signatures: { key: x }, attestations: [{ predicateType: x, key: '{{ env "KEY" }}' }] }]`,
    /signatures: expected a list, got a group of keys/,
  ],
  ["admission: [{ images: a.io/b, default: maybe }]", /default: expected accept or reject/],
  [
    "admission: [{ images: a.io/b, default: accept, children: true }]",
    /default: cannot be combined with children/,
  ],
  ["admission: [{ images: a.io/b, signatures: [{}] }]", /expected either keyless or key/],
  [
    "admission: [{ images: a.io/b, signatures: [{ keyless: { issuer: x } }] }]",
    /keyless\.identity: is missing/,
  ],
  [
    "admission: [{ images: a.io/b, signatures: [{ key: x }] }]",
    /key: expected one public key in PEM/,
  ],
  [`admission: [{ images: a.io/b, signatures: [{ key: '{{ env "EMPTY" }}' }] }]`, /key: is empty/],
  [
    `admission: [{ images: a.io/b, require: any, signatures: [{ key: '{{ env "KEY" }}' }, { key: '{{ env "NONE" }}' }] }]`,
    /signatures\[1\]\.key: is empty/,
  ],
  ...["TWO", "PRIVATE", "CERTIFICATE", "BOTH", "CUT"].map((name): [string, RegExp] => [
    `admission: [{ images: a.io/b, signatures: [{ key: '{{ env "${name}" }}' }] }]`,
    /key: expected one public key in PEM, as cosign public-key prints it$/,
  ]),
  [
    `admission: [{ images: a.io/b, signatures: [{ keyless: { issuer: "", identity: x } }] }]`,
    /keyless\.issuer: /,
  ],
  [
    `admission: [{ images: a.io/b, signatures: [{ keyless: { issuer: x, identity: "" } }] }]`,
    /keyless\.identity: /,
  ],
  [
    `admission: [{ images: a.io/b, attestations: [{ predicateType: "", key: '{{ env "KEY" }}' }] }]`,
    /predicateType: /,
  ],
  ...["attestations", "from", "children", "require", "default"].map((key): [string, RegExp] => [
    `admission: [{ images: a.io/b, signatures: [{ key: '{{ env "KEY" }}' }], ${key}: }]`,
    /: has no value$/,
  ]),
  [
    `admission: [{ images: a.io/b, signatures: [{ key: '{{ env "KEY" }}', keyless: }] }]`,
    /keyless: has no value$/,
  ],
  ["admission: [{ images: a.io/b, attestations: [{ key: x }] }]", /predicateType: is missing/],
  [
    "admission: [{ images: a.io/b, signature: [] }]",
    /there is no such key; did you mean signatures/,
  ],
  [
    "admission: [{ images: a.io/b, default: accept }, { images: a.io/b, default: reject }]",
    /^admission\[1\]\.images: admission\[0\] has the same pattern$/,
  ],
  ["admission: [{ images: a.io/b, from: 'a b', default: accept }]", /from/],
];
for (const [text, mistake] of mistakes) {
  test(`readAdmission() rejects ${text}`, () => {
    const found = mistakesOf(text);
    assert.ok(found.some((line) => mistake.test(line)), found.join("\n"));
  });
}
