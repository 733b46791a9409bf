/** Reads the server's configuration with its rules, and checks all of it before the server starts. */
import { formatMistake } from "./mistakes.ts";
import { parseEnvironment } from "./server_config.ts";
import type { Environment, ParseConfigOptions, ServerConfig, ServerSync } from "./server_config.ts";
import { parseSyncConfig } from "./sync_config.ts";
import type { ParseSyncConfigOptions } from "./sync_config.ts";

/**
 * Reads the configuration. Empty variables count as not set.
 *
 * @throws ParseError naming every variable that is wrong, and no value
 */
export function parseConfig(
  variables: Environment,
  options: ParseConfigOptions = {},
): ServerConfig {
  return parseEnvironment(variables, options, parseServerSync);
}

/**
 * Reads the text of a `crossdock.yaml` for a server.
 *
 * @throws SyncConfigError with every mistake of the text, each with its line and key
 */
export function parseServerSync(text: string, options: ParseSyncConfigOptions): ServerSync {
  const { config, warnings } = parseSyncConfig(text, options);
  return { ...config, from: options.from, warnings: warnings.map(formatMistake) };
}
