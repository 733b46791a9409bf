/** Prints the notes of the version in package.json, for the release on GitHub. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { releaseNotes } from "./changelog.ts";
import npm from "../package.json" with { type: "json" };

const changelog = readFileSync(new URL("../CHANGELOG.md", import.meta.url), "utf8");
process.stdout.write(`${releaseNotes(changelog, npm.version)}\n`);
