import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  CHANGE_KINDS,
  parseChangelog,
  releaseChangelog,
  releaseNotes,
} from "../../build/changelog.ts";

const TEXT = `# Changelog

All notable changes.

## [Unreleased]

### Added

- A flag.

### Changed

### Security

- A check.

## [0.1.0] - 2026-01-02

### Fixed

- A bug.

[Unreleased]: https://example.com/crossdock/compare/v0.1.0...HEAD
[0.1.0]: https://example.com/crossdock/releases/tag/v0.1.0
`;

test("parseChangelog() reads versions, dates and links", () => {
  const { introduction, versions, links } = parseChangelog(TEXT);
  assert.equal(introduction, "# Changelog\n\nAll notable changes.");
  assert.deepEqual(versions.map(({ name, date }) => [name, date]), [
    ["Unreleased", undefined],
    ["0.1.0", "2026-01-02"],
  ]);
  assert.equal(links.get("0.1.0"), "https://example.com/crossdock/releases/tag/v0.1.0");
});

test("parseChangelog() names the line of a heading in another form", () => {
  assert.throws(() => parseChangelog("# Changelog\n\n## 0.1.0\n"), {
    message: 'CHANGELOG.md:3: expected "## [VERSION] - YYYY-MM-DD", found "## 0.1.0"',
  });
});

test("releaseChangelog() gives Unreleased a version, a date and a link", () => {
  const released = releaseChangelog(TEXT, { version: "0.2.0", date: "2026-02-03" });
  assert.equal(
    released,
    `# Changelog

All notable changes.

## [Unreleased]

### Added

### Changed

### Deprecated

### Removed

### Fixed

### Security

## [0.2.0] - 2026-02-03

### Added

- A flag.

### Security

- A check.

## [0.1.0] - 2026-01-02

### Fixed

- A bug.

[Unreleased]: https://example.com/crossdock/compare/v0.2.0...HEAD
[0.2.0]: https://example.com/crossdock/compare/v0.1.0...v0.2.0
[0.1.0]: https://example.com/crossdock/releases/tag/v0.1.0
`,
  );
  assert.throws(() => releaseChangelog(released, { version: "0.3.0", date: "2026-03-04" }), {
    message: "CHANGELOG.md: Unreleased is empty, so there is no release",
  });
  assert.throws(() => releaseChangelog(released, { version: "0.1.0", date: "2026-03-04" }), {
    message: "CHANGELOG.md has a section 0.1.0 already",
  });
});

test("releaseNotes() returns the section of a version", () => {
  assert.equal(releaseNotes(TEXT, "0.1.0"), "### Fixed\n\n- A bug.");
  assert.throws(() => releaseNotes(TEXT, "0.9.0"), {
    message: "CHANGELOG.md has no notes for 0.9.0",
  });
});

test("CHANGELOG.md has the form of Keep a Changelog, newest version first", () => {
  const text = readFileSync(new URL("../../CHANGELOG.md", import.meta.url), "utf8");
  const { introduction, versions, links } = parseChangelog(text);
  assert.match(introduction, /^# Changelog\n/);
  const [unreleased, ...released] = versions;
  assert.equal(unreleased?.name, "Unreleased");
  assert.deepEqual(versions.filter(({ name }) => !links.has(name)), []);
  assert.deepEqual(released.filter(({ date }) => date === undefined), []);
  const dates = released.map(({ date }) => date ?? "");
  assert.deepEqual(dates, [...dates].sort().reverse());
  for (const { name, body } of versions) {
    const kinds = [...body.matchAll(/^### (.+)$/gm)].map(([, kind = ""]) => kind);
    const known = CHANGE_KINDS.filter((kind) => kinds.includes(kind));
    assert.deepEqual(kinds, known, `${name}: unknown, repeated or misplaced headings`);
    assert.ok(kinds.length > 0, name);
  }
});
