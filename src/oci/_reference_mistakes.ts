/** The mistakes that people make with references, told apart so that each gets an answer of its own. */

/** Throws the error for the text being parsed. */
export type Refuse = (fault: string, hint?: string) => never;

/** skopeo's other transports. As `name:rest` they would also be images of Docker Hub, which nobody means. */
const OTHER_TRANSPORTS = [
  "atomic",
  "containers-storage",
  "dir",
  "docker-archive",
  "docker-daemon",
  "oci",
  "oci-archive",
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

/** Refuses every scheme and transport but `docker://`, and credentials, with what to write instead. */
export function refuseOtherTransports(text: string, fail: Refuse): void {
  const hasCredentials = redactCredentials(text) !== text;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1];
  if (scheme !== undefined && scheme !== "docker") {
    const rest = hasCredentials ? "" : text.slice(scheme.length + "://".length);
    const hint = `write docker://${rest || "registry/repository:tag"}, or leave docker:// out`;
    if (/^https?$/i.test(scheme)) fail("a reference has no scheme", hint);
    if (OTHER_TRANSPORTS.includes(scheme)) fail(`${scheme}: does not name a registry`);
    fail(`unknown transport ${scheme}://`, hint);
  }
  if (hasCredentials) {
    fail(
      "what stands before the @ reads as a user name or password",
      "log in to the registry instead, and write a digest as repository@sha256:…",
    );
  }
  const [, transport = "", rest = ""] = /^([A-Za-z-]+):(.*)$/.exec(text) ?? [];
  const isPort = /^[0-9]+\//.test(rest);
  if (OTHER_TRANSPORTS.includes(transport) && !isPort) {
    fail(
      `${transport}: does not name a registry`,
      `write docker.io/library/${text} if you mean the image ${transport} on Docker Hub`,
    );
  }
  if (transport === "docker" && rest.includes("/") && !isPort && !rest.startsWith("//")) {
    fail("docker: wants two slashes", `write docker://${rest.replace(/^\/+/, "")}`);
  }
}

/** Blots out `user:password@`, with or without a registry after it, so that no message holds it. */
export function redactCredentials(text: string): string {
  return CREDENTIALS.reduce((shown, pattern) => shown.replace(pattern, "$1***@"), text);
}
