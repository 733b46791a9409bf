/** Reads and changes CHANGELOG.md, which has the form of https://keepachangelog.com/en/1.1.0/. */

/** The sections of a version, in this order. */
export const CHANGE_KINDS = [
  "Added",
  "Changed",
  "Deprecated",
  "Removed",
  "Fixed",
  "Security",
] as const;

interface Version {
  /** `Unreleased`, or a version. */
  readonly name: string;
  readonly date: string | undefined;
  /** The text below the heading, up to the next version. */
  readonly body: string;
}

interface Changelog {
  readonly introduction: string;
  readonly versions: readonly Version[];
  /** The address of each version. */
  readonly links: ReadonlyMap<string, string>;
}

const HEADING = /^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$/;
const LINK = /^\[([^\]]+)\]: (\S+)$/;

/** @throws Error with the line that has another form */
export function parseChangelog(text: string): Changelog {
  const links = new Map<string, string>();
  const introduction: string[] = [];
  const versions: { name: string; date: string | undefined; lines: string[] }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const [, label, address] = LINK.exec(line) ?? [];
    if (label !== undefined && address !== undefined) {
      links.set(label, address);
    } else if (line.startsWith("## ")) {
      const [, name, date] = HEADING.exec(line) ?? [];
      if (name === undefined) {
        throw new Error(
          `CHANGELOG.md:${index + 1}: expected "## [VERSION] - YYYY-MM-DD", found "${line}"`,
        );
      }
      versions.push({ name, date, lines: [] });
    } else {
      (versions.at(-1)?.lines ?? introduction).push(line);
    }
  }
  return {
    introduction: introduction.join("\n").trim(),
    versions: versions.map(({ lines, ...version }) => ({
      ...version,
      body: lines.join("\n").trim(),
    })),
    links,
  };
}

/** The notes of a version: the text of its section. @throws Error if there is none */
export function releaseNotes(text: string, version: string): string {
  const found = parseChangelog(text).versions.find(({ name }) => name === version);
  if (!found?.body) throw new Error(`CHANGELOG.md has no notes for ${version}`);
  return found.body;
}

/**
 * Makes the Unreleased section the one of a version, without kinds of changes that are empty, and adds an empty Unreleased
 * section with all kinds.
 *
 * @throws Error if nothing is unreleased, or the version has a section already
 */
export function releaseChangelog(
  text: string,
  { version, date }: { readonly version: string; readonly date: string },
): string {
  const { introduction, versions, links } = parseChangelog(text);
  const [unreleased, ...released] = versions;
  if (unreleased?.name !== "Unreleased") {
    throw new Error('CHANGELOG.md: expected "## [Unreleased]" as the first version');
  }
  if (released.some(({ name }) => name === version)) {
    throw new Error(`CHANGELOG.md has a section ${version} already`);
  }
  const body = withoutEmptyKinds(unreleased.body);
  if (body === "") throw new Error("CHANGELOG.md: Unreleased is empty, so there is no release");
  const repository = repositoryOf(links);
  const previous = released[0]?.name;
  const addresses = new Map(links);
  addresses.set("Unreleased", `${repository}/compare/v${version}...HEAD`);
  addresses.set(
    version,
    previous === undefined
      ? `${repository}/releases/tag/v${version}`
      : `${repository}/compare/v${previous}...v${version}`,
  );
  return formatChangelog({
    introduction,
    versions: [
      {
        name: "Unreleased",
        date: undefined,
        body: CHANGE_KINDS.map((kind) => `### ${kind}`).join("\n\n"),
      },
      { name: version, date, body },
      ...released,
    ],
    links: addresses,
  });
}

function formatChangelog({ introduction, versions, links }: Changelog): string {
  const sections = versions.map(({ name, date, body }) =>
    `## [${name}]${date === undefined ? "" : ` - ${date}`}\n\n${body}`
  );
  const references = versions.map(({ name }) => `[${name}]: ${links.get(name)}`).join("\n");
  return `${[introduction, ...sections, references].join("\n\n")}\n`;
}

function withoutEmptyKinds(body: string): string {
  return body.split(/^(?=### )/m).map((part) => part.trim())
    .filter((part) => !/^### .*$/.test(part) && part !== "").join("\n\n");
}

/** The address of the repository, from the link of the Unreleased section. */
function repositoryOf(links: ReadonlyMap<string, string>): string {
  const [, repository] = /^(.+)\/(?:compare|commits)\//.exec(links.get("Unreleased") ?? "") ?? [];
  if (repository === undefined) {
    throw new Error('CHANGELOG.md: expected "[Unreleased]: https://…/compare/v0.1.0...HEAD"');
  }
  return repository;
}
