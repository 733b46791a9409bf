/** Detects common mistakes in references, so that each has a specific message and hint. */

/** Throws the error for the parsed text. */
export type Fail = (fault: string, hint?: string) => never;

/** Other transports of skopeo. `name:rest` would also be a valid image of Docker Hub, but is almost never meant so. */
const OTHER_TRANSPORTS = [
  "atomic",
  "containers-storage",
  "dir",
  "docker-archive",
  "docker-daemon",
  "oci",
  "oci-archive",
  "ocidir",
  "ostree",
  "sif",
  "tarball",
];

const SCHEME = "[A-Za-z][A-Za-z0-9+.-]*:/+";
const START = `^(${SCHEME}|(?!${SCHEME}))`;
const NO_DIGEST = "(?!sha(?:256|512):)";
const HOST = `${NO_DIGEST}[A-Za-z0-9.-]+(?::[0-9]+)?`;
const CREDENTIALS = [
  new RegExp(`^((?!docker:)${SCHEME})[^]*@${NO_DIGEST}`),
  new RegExp(`${START}[^]*@(?=${HOST}/)`),
  new RegExp(`${START}[^@]*:[^]*@(?=${HOST}$)`),
];

/** Rejects every scheme and transport except `docker://`, and credentials. The hint shows what to write instead. */
export function rejectOtherTransports(text: string, fail: Fail): void {
  const hasCredentials = redactCredentials(text) !== text;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1];
  if (scheme !== undefined && scheme !== "docker") {
    const path = text.slice(scheme.length + "://".length);
    const rest = hasCredentials || path.startsWith("/") ? "" : path;
    const hint = `write docker://${rest || "registry/repository:tag"}, or leave docker:// out`;
    if (/^https?$/i.test(scheme)) fail("a reference has no URL scheme", hint);
    if (OTHER_TRANSPORTS.includes(scheme)) fail(`transport ${scheme}: is not a registry`);
    fail(`unknown transport ${scheme}://`, hint);
  }
  if (hasCredentials) {
    fail(
      "it has a user name or password before the @",
      "log in to the registry instead, and write a digest as repository@sha256:…",
    );
  }
  const [, transport = "", rest = ""] = /^([A-Za-z-]+):(.*)$/.exec(text) ?? [];
  const isPort = /^[0-9]+\//.test(rest);
  if (OTHER_TRANSPORTS.includes(transport) && !isPort) {
    fail(
      `transport ${transport}: is not a registry`,
      `write docker.io/library/${text} if you mean the image ${transport} on Docker Hub`,
    );
  }
  if (transport === "docker" && rest.includes("/") && !isPort && !rest.startsWith("//")) {
    fail("expected two slashes after docker:", `write docker://${rest.replace(/^\/+/, "")}`);
  }
}

/** Replaces `user:password@`, with or without a registry after it, so that no message contains it. */
export function redactCredentials(text: string): string {
  return CREDENTIALS.reduce((shown, pattern) => shown.replace(pattern, "$1***@"), text);
}
