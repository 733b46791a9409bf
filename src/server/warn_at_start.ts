import type { ServerConfig } from "../config/server_config.ts";
import type { Log } from "../log.ts";

/** Says aloud what a configuration permits that is likely more, or less, than was meant. */
export function warnAtStart(config: ServerConfig, log: Log): void {
  for (const warning of config.sync.warnings) log("warn", warning);
  // One that only keeps mirrors has no callers.
  const hasRules = config.sync.rules.length > 0;
  if (config.open) {
    log(
      "warn",
      "CROSSDOCK_OPEN is true: whoever can reach this server may copy, and needs no token",
    );
  } else if (config.tokens.length === 0 && !hasRules) {
    log("warn", "CROSSDOCK_TOKENS is not set: this server refuses everything but health");
  }
  const empty = [
    ...(config.allowSources.length === 0 ? ["CROSSDOCK_ALLOW_SOURCES"] : []),
    ...(config.allowDestinations.length === 0 ? ["CROSSDOCK_ALLOW_DESTINATIONS"] : []),
  ];
  if (empty.length > 0 && !hasRules) {
    log("warn", `${empty.join(" and ")} not set: no copy is allowed`);
  }
}
