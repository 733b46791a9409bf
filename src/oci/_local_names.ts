/**
 * Parses the names of local images, which are stored in folders and files.
 *
 * ```text
 * local     := transport ":" path [ ":" image ] [ "@" digest ]
 * transport := "oci" | "ocidir" | "oci-archive" | "docker-archive" | "dir"
 * image     := tag | name [ ":" tag ] | "@" index
 * ```
 *
 * `dir:` has no image: its path may contain colons. In a layout, a name has a slash. `ocidir://` is `oci:`.
 */
import type { Fail } from "./_reference_mistakes.ts";

const LOCAL =
  /^(oci|ocidir|oci-archive|docker-archive|dir):(?![0-9]+\/)(.*?)(?:@(sha[0-9]+:.*))?$/s;

/** A name in a folder or file, as {@linkcode parseLocalName} splits it. Tag and digest are not checked. */
export interface LocalName {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Whether a registry is a folder or a file: `oci:./app`. After the colon of other registries are only digits. */
export function isLocalRegistry(registry: string): boolean {
  return /^[a-z-]+:(?![0-9]*$)/.test(registry);
}

/** @returns `undefined` for a name without a local transport */
export function parseLocalName(text: string, fail: Fail): LocalName | undefined {
  const [, scheme, rest = "", digest] = LOCAL.exec(text) ?? [];
  if (scheme === undefined) return undefined;
  if (/\p{Cc}/u.test(text)) fail("it contains a control character");
  if (scheme === "oci" && rest.startsWith("//")) {
    fail("a reference has no URL scheme", `write ${rest.slice(2)}, or oci:PATH for a folder`);
  }
  const bare = scheme === "ocidir" ? rest.replace(/^\/\//, "") : rest;
  const end = scheme === "dir" ? -1 : bare.indexOf(":");
  const [whole, image] = end < 0 ? [bare] : [bare.slice(0, end), bare.slice(end + 1)];
  const path = whole.replace(/(?<=.)\/+$/s, "").replace(/^\/+/, "/");
  if (path === "") fail("the path is missing", `write ${scheme}:PATH`);
  if (/^~(\/|$)/.test(path)) {
    fail("a shell does not expand ~ after a colon", `write ${scheme}:$HOME${path.slice(1)}`);
  }
  const transport = scheme === "ocidir" ? "oci" : scheme;
  const registry = `${transport}:${/^[0-9]+(\/|$)/.test(path) ? "./" : ""}${path}`;
  // In a layout, the name of an image is mostly only a tag. In a docker archive it never is.
  if (image === undefined || scheme !== "docker-archive" && !image.includes("/")) {
    return { registry, repository: "", tag: image, digest };
  }
  const colon = image.lastIndexOf(":");
  if (colon === 0) fail("the name before the tag is missing", `write ${scheme}:${path}:NAME:TAG`);
  return colon > image.lastIndexOf("/")
    ? { registry, repository: image.slice(0, colon), tag: image.slice(colon + 1), digest }
    : { registry, repository: image, tag: undefined, digest };
}
