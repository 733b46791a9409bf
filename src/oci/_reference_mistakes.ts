/** Detects common mistakes in references, so that each has a specific message and hint. */
import { suggestTransport } from "./suggest_transport.ts";

/** Throws the error for the parsed text. */
export type Fail = (fault: string, hint?: string) => never;

/** Transports of skopeo that are not supported. `name:rest` would also be an image of Docker Hub, but is almost never meant so. */
const OTHER_TRANSPORTS =
  /^(atomic|containers-storage|docker-daemon|ostree|sif|tarball):(?![0-9]+\/)(.*)$/;

const SCHEME = "[A-Za-z][A-Za-z0-9+.-]*:/+";
const START = `^(${SCHEME}|(?!${SCHEME}))`;
const NO_DIGEST = "(?!sha(?:256|512):)";
const HOST = `${NO_DIGEST}[A-Za-z0-9.-]+(?::[0-9]+)?`;
const CREDENTIALS = [
  new RegExp(`^((?!docker:)${SCHEME})[^]*@${NO_DIGEST}`),
  new RegExp(`${START}[^]*@(?=${HOST}/)`),
  new RegExp(`${START}[^@]*:[^]*@(?=${HOST}$)`),
];

/** Begins of paths of Unix and Windows. */
const PATH = /^(\.{0,2}|~|[A-Za-z]:)[\\/]|^(\.{1,2}|~)$/;

/** Rejects the path of a folder or file, which needs a transport. */
export function rejectPaths(text: string, fail: Fail): void {
  const file = /^file:(?:\/\/|(?=\/))(.*)$/s.exec(text)?.[1];
  if (file === undefined && !PATH.test(text)) return;
  fail("it is a path, expected registry/repository:tag", suggestTransport(file ?? text));
}

/** Rejects every scheme and transport except `docker://`, and credentials. The hint shows what to write instead. */
export function rejectOtherTransports(text: string, fail: Fail): void {
  const hasCredentials = redactCredentials(text) !== text;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1];
  if (scheme !== undefined && scheme !== "docker") {
    const path = text.slice(scheme.length + "://".length);
    const rest = hasCredentials || path.startsWith("/") ? "" : path;
    const hint = `write docker://${rest || "registry/repository:tag"}, or leave docker:// out`;
    if (/^https$/i.test(scheme)) fail("a reference has no URL scheme", hint);
    if (/^http$/i.test(scheme)) {
      fail(
        "a reference has no URL scheme",
        `${hint}; for plain HTTP use --src-tls off or --dest-tls off`,
      );
    }
    fail(`unknown transport ${scheme}://`, hint);
  }
  if (hasCredentials) {
    fail(
      "it has a user name or password before the @",
      "pass the credential separately, and write a tag as repository:tag, a digest as repository@sha256:…",
    );
  }
  const [, transport, image = ""] = OTHER_TRANSPORTS.exec(text) ?? [];
  if (transport !== undefined) {
    const save = transport === "docker-daemon"
      ? `docker save ${image} -o image.tar`
      : transport === "containers-storage"
      ? `podman save ${image} -o image.tar`
      : undefined;
    fail(
      `transport ${transport}: is not supported`,
      save ? `run ${save}, then write docker-archive:image.tar` : "copy it to oci:PATH with skopeo",
    );
  }
  const [, rest = ""] = /^docker:(.*)$/.exec(text) ?? [];
  if (rest.includes("/") && !/^([0-9]+\/|\/\/)/.test(rest)) {
    fail("expected two slashes after docker:", `write docker://${rest.replace(/^\/+/, "")}`);
  }
}

/** Replaces `user:password@`, with or without a registry after it, so that no message contains it. */
export function redactCredentials(text: string): string {
  return CREDENTIALS.reduce((shown, pattern) => shown.replace(pattern, "$1***@"), text);
}
