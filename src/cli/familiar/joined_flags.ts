/** Makes one flag of crossdock from several of another tool: `--override-os` and `--override-arch`, a user name and a password. */
import { localPlatform } from "../options/parse_option.ts";
import { UsageError } from "../usage_error.ts";
import type { Meaning, Part } from "./familiar_flags.ts";
import type { Prefix } from "./flag_meaning.ts";

export type Join = Extract<Meaning, { joins: unknown }>;

export interface JoinedPart {
  readonly typed: string;
  readonly value: string;
}

/** The parts of one flag of crossdock. */
export interface Joined {
  readonly joins: Join["joins"];
  readonly prefix: Prefix;
  readonly slot: string[];
  readonly parts: Map<Part, JoinedPart>;
}

export function toPlatform(parts: ReadonlyMap<Part, JoinedPart>): string[] {
  const [os, architecture] = localPlatform().split("/");
  const platform = [
    parts.get("os")?.value ?? os,
    parts.get("architecture")?.value ?? architecture,
    ...(parts.has("variant") ? [parts.get("variant")?.value] : []),
  ].join("/");
  return ["--platform", platform, "--index", "unwrap"];
}

export function toCredentials(
  parts: ReadonlyMap<Part, JoinedPart>,
  typed: string,
  prefix: Prefix,
): string[] {
  const [user, password] = [parts.get("user"), parts.get("password")];
  if (user && password) return [`--${prefix}creds`, `${user.value}:${password.value}`];
  throw new UsageError(`${typed}: the ${user ? "password" : "user name"} is missing`, {
    hint: `use --${prefix}creds-env NAME, a variable with user:password`,
  });
}
