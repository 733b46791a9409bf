/**
 * Keys of regsync's that have no meaning here, and why. One whose loss would have something else copied than the file says, or from or
 * to elsewhere, or with less right to it, is refused; one without which the same is copied is named in a warning.
 */

export interface UnreadKey {
  readonly then: "refuse" | "warn";
  readonly why: string;
}

type Keys = Readonly<Record<string, UnreadKey>>;

function refuse(why: string): UnreadKey {
  return { then: "refuse", why };
}

function warn(why: string): UnreadKey {
  return { then: "warn", why };
}

const referrerSlow = refuse(
  "a repository is not searched through for referrers that its registry does not list",
);

const hooks = warn("regsync reads hooks and never runs them, and neither are they run here");

/** By where they stand: in an entry of `creds`, in `defaults`, in an entry of `sync`. */
export const UNREAD_KEYS: Readonly<Record<"creds" | "defaults" | "sync", Keys>> = {
  creds: {
    regcert: warn(
      "certificates are not part of the config, since not every host can trust one more: give the file to the command line " +
        "with --src-ca or --dest-ca, or the host its own",
    ),
    clientCert: refuse("there are no client certificates here; use user and pass, or token"),
    clientKey: refuse("there are no client certificates here; use user and pass, or token"),
    credHelper: refuse(
      "programs cannot be run on every host; name the helper in docker's config.json for the command line, or use user and pass",
    ),
    credExpire: warn("it is about credHelper"),
    credHost: warn("it is about credHelper"),
    pathPrefix: refuse(
      "names are not changed behind the config's back; write the prefix in source or target",
    ),
    mirrors: refuse("a source is read from where it says; name the mirror as the source"),
    priority: warn("it is about mirrors"),
    api: warn("regsync no longer reads it"),
    scheme: warn("regsync no longer reads it; for plain HTTP write tls: disabled"),
    apiOpts: warn("a registry that refuses HEAD is asked by GET without being told so"),
    blobChunk: warn(
      "a blob goes in one piece, or in pieces of the size that the registry asks for",
    ),
    blobMax: warn("a blob goes in one piece, or in pieces of the size that the registry asks for"),
  },
  defaults: {
    blobLimit: warn("blobs are not held in memory"),
    cacheCount: warn("nothing is kept from one run to the next"),
    cacheTime: warn("nothing is kept from one run to the next"),
    userAgent: warn("requests say that they come from crossdock"),
    referrerSlow,
    hooks,
  },
  sync: {
    referrerSlow,
    fastCopy: warn("regsync does not read it, though its documents have it; write fastCheck"),
    hooks,
  },
};
