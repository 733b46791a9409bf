/** The name of an image, read as far as fields need it. The server has the last word. */
export interface Name {
  /** With the registry: `docker.io/library/alpine`. */
  readonly repository: string;
  /** The repository without its registry. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

const NAME =
  /^(?:docker:\/\/)?([\w.-]+(?::\d+)?(?:\/[\w.-]+)*|\[[\da-f:]+\](?::\d+)?(?:\/[\w.-]+)+)(?::(\w[\w.-]{0,127}))?(?:@([a-z\d]+:[\da-f]{32,}))?$/i;

/** `undefined` for what is no reference to a registry. */
export function readName(text: string): Name | undefined {
  const [, name = "", tag, digest] = NAME.exec(text.trim()) ?? [];
  if (name === "") return undefined;
  const [first = "", ...others] = name.split("/");
  const hasRegistry = others.length > 0 && /[.:]|^localhost$/.test(first);
  const isHub = !hasRegistry || /^(index\.)?docker\.io$/.test(first);
  const short = hasRegistry ? others.join("/") : name;
  const path = isHub && !short.includes("/") ? `library/${short}` : short;
  return {
    repository: `${isHub ? "docker.io" : first}/${path}`,
    path,
    ...(tag ? { tag } : {}),
    ...(digest ? { digest } : {}),
  };
}

/** A tag says more than the digest behind it, which is shown elsewhere. */
export function cutDigest(reference: string): string {
  return reference.replace(/(:[^/@]+)@.*$/, "$1");
}
