/** The part of `crossdock serve --help` and `crossdock-server --help` about settings. */
export const SERVER_SETTINGS_HELP = `Settings are environment variables:
  HOST                          address to listen on (default: 127.0.0.1)
  PORT                          port to listen on (default: 8080)
  CROSSDOCK_TOKENS              tokens of callers, as JSON: {"name": "token"}
  CROSSDOCK_ALLOW_SOURCES       repositories that may be read, as globs
  CROSSDOCK_ALLOW_DESTINATIONS  repositories that may be written, as globs
  CROSSDOCK_CONFIG_FILE         a crossdock.yaml with mirrors and webhooks

docs/deploy/settings.md describes all settings.`;
