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

const LOCAL = /^(oci|ocidir|oci-archive|docker-archive|dir):(?![0-9]+\/)(.*)$/s;

/** A name in a folder or file, as {@linkcode parseLocalName} splits it. Tag and digest are not checked. */
export interface LocalName {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Whether a registry is a folder or a file: `oci:./app`. After the colon of other registries are only digits. */
export function isLocalRegistry(registry: string): boolean {
  return /^[a-z-]+:(?![0-9]*$)/.test(registry);
}

/** @returns `undefined` for a name without a local transport */
export function parseLocalName(text: string, fail: Fail): LocalName | undefined {
  const [, scheme, rest = ""] = LOCAL.exec(text) ?? [];
  if (scheme === undefined) return undefined;
  // deno-lint-ignore no-control-regex -- Messages are printed in terminals.
  if (/[\0-\x1f\x7f]/.test(text)) fail("it contains a control character");
  if (scheme === "oci" && rest.startsWith("//")) {
    fail("a reference has no URL scheme", `write ${rest.slice(2)}, or oci:PATH for a folder`);
  }
  const transport = scheme === "ocidir" ? "oci" : scheme;
  const [, bare = "", digest] =
    /^(.*?)(?:@(sha[0-9]+:.*))?$/s.exec(scheme === "ocidir" ? rest.replace(/^\/\//, "") : rest) ??
      [];
  const colon = transport === "dir" ? -1 : bare.indexOf(":");
  const path = (colon < 0 ? bare : bare.slice(0, colon)).replace(/(?<=.)\/+$/s, "");
  if (path === "") fail("the path is missing", `write ${scheme}:PATH`);
  const { name, tag } = splitImage(transport, colon < 0 ? undefined : bare.slice(colon + 1));
  return {
    registry: `${transport}:${/^[0-9]+$/.test(path) ? "./" : ""}${path}`,
    repository: name,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function splitImage(
  transport: string,
  image: string | undefined,
): { readonly name: string; readonly tag?: string } {
  if (image === undefined) return { name: "" };
  // In a layout, the name of an image is mostly only a tag. In a docker archive it never is.
  if (transport !== "docker-archive" && !image.includes("/")) return { name: "", tag: image };
  const colon = image.lastIndexOf(":");
  return colon > image.lastIndexOf("/")
    ? { name: image.slice(0, colon), tag: image.slice(colon + 1) }
    : { name: image };
}
