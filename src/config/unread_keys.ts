/**
 * Keys of regsync that crossdock does not support, and why. A key is refused if ignoring it would copy something else, use other
 * registries, or use other permissions. Any other key is ignored with a warning.
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
  "crossdock finds only the referrers that the registry lists",
);

const hooks = warn("regsync reads hooks but never runs them; crossdock does not run them either");

/** By section: an entry of `creds`, `defaults`, an entry of `sync`. */
export const UNREAD_KEYS: Readonly<Record<"creds" | "defaults" | "sync", Keys>> = {
  creds: {
    pathPrefix: refuse(
      "write the prefix in source or target",
    ),
    priority: warn("mirrors are asked in the order of the list, and before the registry"),
    api: warn("regsync no longer reads it"),
    scheme: warn("regsync no longer reads it; for plain HTTP write tls: disabled"),
    apiOpts: warn("crossdock uses GET if a registry rejects HEAD"),
    blobChunk: warn(
      "the registry determines the size of chunks",
    ),
    blobMax: warn("the registry determines the size of chunks"),
  },
  defaults: {
    blobLimit: warn("crossdock keeps no blobs in memory"),
    cacheCount: warn("crossdock keeps no cache between runs"),
    cacheTime: warn("crossdock keeps no cache between runs"),
    userAgent: warn("crossdock sends its own User-Agent"),
    referrerSlow,
    hooks,
  },
  sync: {
    referrerSlow,
    fastCopy: warn("regsync documents it but does not read it; write fastCheck"),
    hooks,
  },
};
