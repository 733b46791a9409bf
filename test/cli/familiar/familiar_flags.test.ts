/** Goes through every row of the table of familiar flags, and through the flags that the other tools have. */
import { Command } from "@commander-js/extra-typings";
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { CommandContext } from "../../../src/cli/commands/command_context.ts";
import { COMMANDS } from "../../../src/cli/commands/commands.ts";
import {
  FAMILIAR_FLAGS,
  listSpellings,
  TWO_REGISTRIES,
} from "../../../src/cli/familiar/familiar_flags.ts";
import type { FamiliarFlag, Meaning } from "../../../src/cli/familiar/familiar_flags.ts";
import { fakeCli } from "../fake_cli.ts";
import { PEER_COMMANDS } from "./peer_flags.ts";
import { OPERANDS, runRecorded } from "./setup.ts";

/** The options of each command. */
const OPTIONS = new Map(
  await Promise.all(COMMANDS.map(async ({ name, load }): Promise<[string, string[]]> => {
    const command = new Command(name);
    const { environment } = fakeCli();
    // Only actions use the rest of the context.
    const context = { environment } as CommandContext;
    (await load())(command, context);
    return [name, command.options.flatMap(({ long, short }) => [long ?? "", short ?? ""])];
  })),
);

const GLOBAL = ["-v", "--verbose", "--debug"];

function hasOption(command: string, flag: string): boolean {
  return GLOBAL.includes(flag) || OPTIONS.get(command)?.includes(flag) === true;
}

/** A value that the flag of crossdock accepts. */
const VALUES: readonly [flag: RegExp, value: string][] = [
  [/retries|concurrency/, "3"],
  [/platform/, "linux/arm64"],
  [/referrer/, "a.example.com/b"],
  [/ca |cert |key /, "/ca.pem"],
  [/authfile/, "/auth.json"],
];

function valueFor(becomes: string): string {
  return VALUES.find(([flag]) => flag.test(`${becomes} `))?.[1] ?? "x";
}

interface Case {
  readonly command: string;
  readonly row: FamiliarFlag;
  readonly flag: string;
  /** A value of a flag with one, or true or false. */
  readonly value: string | undefined;
  readonly meaning: Meaning;
  readonly prefix: string;
}

function listCases(row: FamiliarFlag): Case[] {
  return row.commands.filter((command) => OPTIONS.has(command)).flatMap((command) =>
    listSpellings(row).filter((flag) => !hasOption(command, flag)).flatMap((flag) => {
      const prefix = prefixOf(flag, row, command);
      if (prefix === undefined) return [];
      const values = Object.entries(row.values ?? {});
      return [[undefined, row.means] as const, ...values].map(([value, meaning]) => ({
        command,
        row,
        flag,
        value: value ??
          (row.hasValue && "becomes" in meaning ? valueFor(meaning.becomes) : undefined),
        meaning,
        prefix,
      }));
    })
  );
}

function prefixOf(flag: string, { flags }: FamiliarFlag, command: string): string | undefined {
  if (!("only" in flags)) return "";
  const isTwo = TWO_REGISTRIES.includes(command);
  if (flags.only.includes(flag)) return isTwo ? undefined : "";
  if (!isTwo) return undefined;
  return flags.source.includes(flag) ? "src-" : "dest-";
}

function toWords({ flag, value, row }: Case): string[] {
  if (!row.hasValue) return [value === undefined ? flag : `${flag}=${value}`];
  return [flag, value ?? "x"];
}

for (const row of FAMILIAR_FLAGS) {
  for (const entry of listCases(row)) {
    const { command, meaning, prefix, value = "" } = entry;
    const words = toWords(entry);
    const operands = OPERANDS[command] ?? [];
    if ("becomes" in meaning) {
      const becomes = meaning.becomes === "unverified TLS"
        ? ("bothSides" in meaning ? ["src-", "dest-"] : [prefix])
          .flatMap((side) => [`--${side}tls`, "unverified"])
        : meaning.becomes.replaceAll("SIDE-", prefix).split(" ")
          .map((word) => word.replace("VALUE", value));
      const missing = becomes.find((word) => word.startsWith("--") && !hasOption(command, word));
      if (missing !== undefined) {
        test(`crossdock ${command} ${words.join(" ")} says that ${command} has no ${missing}`, async () => {
          const { exitCode, stderr, isStarted } = await runRecorded([
            command,
            ...words,
            ...operands,
          ]);
          assert.match(
            stderr,
            new RegExp(`^error: ${words[0]}.* is ${missing}, which ${command} does `),
          );
          assert.deepEqual([exitCode, isStarted], [2, false]);
        });
      } else {
        test(`crossdock ${command} ${words.join(" ")} is ${becomes.join(" ")}`, async () => {
          const familiar = await runRecorded([command, ...words, ...operands]);
          const own = await runRecorded([command, ...becomes, ...operands]);
          // A certificate needs its key, and a key its certificate.
          const isHalf = /--(?:src-|dest-|)(?:cert|key)$/.test(becomes[0] ?? "");
          assert.equal(familiar.exitCode, isHalf ? 2 : 0, familiar.stderr);
          assert.deepEqual(familiar.asked, own.asked);
          assert.deepEqual([familiar.exitCode, familiar.stdout], [own.exitCode, own.stdout]);
          assert.equal(familiar.stderr.replace(/^note: .*\n/gm, ""), own.stderr);
        });
      }
    }
    if ("ignored" in meaning) {
      test(`crossdock ${command} ${words.join(" ")} has no effect`, async () => {
        const familiar = await runRecorded([command, ...words, ...operands]);
        const own = await runRecorded([command, ...operands]);
        assert.equal(familiar.exitCode, 0, familiar.stderr);
        assert.deepEqual(familiar.asked, own.asked);
        assert.match(familiar.stderr, new RegExp(`^note: ${words[0]}.* has no effect: \\S`));
        if (!hasOption(command, "--quiet")) return;
        const quiet = await runRecorded([command, ...words, "--quiet", ...operands]);
        assert.equal(quiet.stderr, "");
      });
    }
    if ("rejected" in meaning) {
      test(`crossdock ${command} ${words.join(" ")} is rejected with what to use instead`, async () => {
        const { exitCode, stdout, stderr, isStarted } = await runRecorded([
          command,
          ...words,
          ...operands,
        ]);
        assert.match(stderr, new RegExp(`^error: ${words[0]}.* is not supported\nhint: \\S.*\n$`));
        assert.deepEqual([exitCode, stdout, isStarted], [2, "", false]);
      });
    }
  }
}

const joined: [command: string, flags: string[], becomes: string[]][] = [
  ["copy", ["--src-username", "me", "--src-password", "a:b"], ["--src-creds", "me:a:b"]],
  ["plan", ["--to-password=b", "--to-username=me"], ["--dest-creds", "me:b"]],
  ["tags", ["-u", "me", "--password", "b"], ["--creds", "me:b"]],
  ["copy", ["--override-arch", "arm64", "--override-os=linux"], [
    "--platform=linux/arm64",
    "--index=unwrap",
  ]],
  ["verify", ["--override-os", "linux", "--override-arch=arm", "--override-variant", "v6"], [
    "--platform=linux/arm/v6",
    "--index=unwrap",
  ]],
  ["copy", ["--override-os", "linux"], ["--platform=local", "--index=unwrap"]],
];
for (const [command, flags, becomes] of joined) {
  test(`crossdock ${command} ${flags.join(" ")} is ${becomes.join(" ")}`, async () => {
    const operands = OPERANDS[command] ?? [];
    const familiar = await runRecorded([command, ...flags, ...operands]);
    const own = await runRecorded([command, ...becomes, ...operands]);
    assert.deepEqual([familiar.exitCode, familiar.stderr], [0, ""]);
    assert.deepEqual(familiar.asked, own.asked);
  });
}

test("FAMILIAR_FLAGS names each flag of a command once", () => {
  const seen = new Set<string>();
  for (const row of FAMILIAR_FLAGS) {
    for (const command of row.commands) {
      for (const flag of listSpellings(row)) {
        if (prefixOf(flag, row, command) === undefined) continue;
        const key = `${command} ${flag}`;
        assert.ok(!seen.has(key), key);
        seen.add(key);
      }
    }
  }
});

const PEER_VALUES: Readonly<Record<string, string>> = {
  "--digestfile": join(mkdtempSync(join(tmpdir(), "crossdock-peers-")), "digest"),
};

test("FAMILIAR_FLAGS names only options that some command has", () => {
  for (const { means, values = {} } of FAMILIAR_FLAGS) {
    for (const meaning of [means, ...Object.values(values)]) {
      const text = "rejected" in meaning
        ? meaning.rejected
        : "ignored" in meaning
        ? meaning.ignored
        : "";
      for (const [flag] of text.replaceAll("SIDE-", "src-").matchAll(/--[a-z][a-z-]+/g)) {
        const isThere = GLOBAL.includes(flag) ||
          [...OPTIONS.keys()].some((command) => hasOption(command, flag));
        assert.ok(isThere, `${flag} in: ${text}`);
      }
    }
  }
});

for (const { tool, command, own, flags } of PEER_COMMANDS) {
  test(`crossdock ${own} knows each flag of ${tool} ${command}`, async () => {
    if (!OPTIONS.has(own)) return;
    for (const names of flags.split(" ")) {
      for (const flag of names.replace(/=$/, "").split("|")) {
        const words = names.endsWith("=") ? [flag, PEER_VALUES[flag] ?? "x"] : [flag];
        const { exitCode, stderr } = await runRecorded([own, ...words, ...OPERANDS[own] ?? []]);
        assert.doesNotMatch(stderr, /unknown option/);
        assert.ok(exitCode === 0 || exitCode === 2, stderr);
      }
    }
  });
}
