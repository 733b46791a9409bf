/** The commands of skopeo, crane, regctl, regsync, oras and docker, and what each means for crossdock. */

/** What happens to a command. */
export type CommandMeaning =
  /** Replaced by a command of crossdock, which may have flags. */
  | { readonly becomes: string }
  /** Rejected. The text says what to use instead. */
  | { readonly rejected: string };

const INSPECT_RAW: CommandMeaning = { becomes: "inspect --raw" };
const INSPECT_CONFIG: CommandMeaning = { becomes: "inspect --config" };
const LOGIN: CommandMeaning = {
  rejected: "log in with docker login, podman login, skopeo login or crane auth login; crossdock " +
    "reads the credentials that these store: crossdock auth HOST shows which",
};
const LOGOUT: CommandMeaning = {
  rejected: "log out with the tool that you logged in with: docker logout HOST",
};
const DELETE: CommandMeaning = {
  rejected: "delete an image with skopeo delete or crane delete, a tag with regctl tag rm; " +
    "rules of crossdock sync delete old tags with prune",
};
const CATALOG: CommandMeaning = {
  rejected: "list repositories with crane catalog HOST, regctl repo ls HOST or oras repo ls HOST",
};
const TAG: CommandMeaning = {
  rejected: "copy the image to the new tag: crossdock copy REPO:OLD REPO:NEW",
};
const PUSH: CommandMeaning = {
  rejected: "copy from a file or folder: crossdock copy docker-archive:FILE DESTINATION, " +
    "or from docker: docker save IMAGE | crossdock copy docker-archive:- DESTINATION",
};
const PULL: CommandMeaning = {
  rejected: "copy to a file or folder: crossdock copy SOURCE oci:PATH:TAG, " +
    "or into docker: crossdock copy SOURCE docker-archive:- | docker load",
};
const BLOB: CommandMeaning = {
  rejected: "read a blob with crane blob, regctl blob get or oras blob fetch",
};
const EDIT: CommandMeaning = {
  rejected: "crossdock copies images unchanged; change the image with crane or regctl image mod",
};
const BUILD: CommandMeaning = {
  rejected: "crossdock copies images; build the image with docker build, podman build or ko",
};
const INDEX: CommandMeaning = {
  rejected: "make an index with crane index, regctl index or docker buildx imagetools create; " +
    "to copy a part of one, use crossdock copy --platform",
};
const SIGN: CommandMeaning = {
  rejected: "sign with cosign sign; crossdock copy copies signatures with the image",
};
const CHECK_SIGNATURE: CommandMeaning = {
  rejected: "check signatures with cosign verify; crossdock verify compares two images",
};
const ATTACH: CommandMeaning = {
  rejected: "attach files with oras attach or regctl artifact put; crossdock copy copies them",
};

/** By the words of the command. Longer names come before the commands of crossdock, `auth login` before `auth`. */
export const FAMILIAR_COMMANDS: Readonly<Record<string, CommandMeaning>> = {
  // Copies
  "cp": { becomes: "copy" },
  "image copy": { becomes: "copy" },
  "image cp": { becomes: "copy" },
  "artifact copy": { becomes: "copy" },
  "push": PUSH,
  "image import": PUSH,
  "artifact put": PUSH,
  "load": PUSH,
  "restore": PUSH,
  "pull": PULL,
  "image export": PULL,
  "artifact get": PULL,
  "save": PULL,
  "backup": PULL,
  "export": {
    rejected: "write the file system of an image with crane export; " +
      "crossdock copy SOURCE docker-archive:FILE saves the image",
  },
  "tag": TAG,
  "retag": TAG,
  "image tag": TAG,
  // Lists
  "ls": { becomes: "tags" },
  "list": { becomes: "tags" },
  "list-tags": { becomes: "tags" },
  "tag ls": { becomes: "tags" },
  "tag list": { becomes: "tags" },
  "repo tags": { becomes: "tags" },
  "repo show-tags": { becomes: "tags" },
  "catalog": CATALOG,
  "repo ls": CATALOG,
  "repo list": CATALOG,
  "repo": CATALOG,
  // Images
  "manifest": INSPECT_RAW,
  "manifest get": INSPECT_RAW,
  "manifest fetch": INSPECT_RAW,
  "manifest inspect": INSPECT_RAW,
  "image manifest": INSPECT_RAW,
  "config": INSPECT_CONFIG,
  "image config": INSPECT_CONFIG,
  "image inspect": INSPECT_CONFIG,
  "manifest fetch-config": INSPECT_CONFIG,
  "image digest": { becomes: "digest" },
  "manifest head": { becomes: "digest" },
  "manifest digest": { becomes: "digest" },
  "resolve": { becomes: "digest" },
  "discover": { becomes: "inspect" },
  "artifact tree": { becomes: "inspect" },
  "artifact list": { becomes: "inspect" },
  "artifact ls": { becomes: "inspect" },
  "imagetools inspect": { becomes: "inspect" },
  "buildx imagetools inspect": { becomes: "inspect" },
  "referrers": { becomes: "inspect" },
  "sbom": {
    rejected: "crossdock inspect lists the referrers of an image; read an SBOM of them with " +
      "oras pull or docker buildx imagetools inspect, make one with syft",
  },
  "validate": {
    rejected: "check the layers of an image with crane validate --remote IMAGE; " +
      "crossdock verify compares an image with its copy",
  },
  "image check-base": { rejected: "use regctl image check-base" },
  "image ratelimit": { rejected: "use regctl image ratelimit" },
  "image create": BUILD,
  "manifest-digest": {
    rejected: "the digest of a manifest in a file is its checksum: sha256sum FILE",
  },
  "image": { rejected: "write crossdock copy, inspect, digest, tags or verify" },
  "images": {
    rejected: "crossdock has no local images; crossdock tags lists the tags of a repository",
  },
  "artifact": { rejected: "write crossdock copy or inspect, which are for artifacts, too" },
  "diff": { becomes: "verify" },
  "compare": { becomes: "verify" },
  "blob": BLOB,
  "blob get": BLOB,
  "blob fetch": BLOB,
  "layer": BLOB,
  // Changes
  "delete": DELETE,
  "del": DELETE,
  "rm": DELETE,
  "remove": DELETE,
  "tag delete": DELETE,
  "tag del": DELETE,
  "tag rm": DELETE,
  "tag remove": DELETE,
  "image delete": DELETE,
  "image rm": DELETE,
  "manifest delete": DELETE,
  "manifest rm": DELETE,
  "blob delete": DELETE,
  "repo delete": DELETE,
  "prune": {
    rejected: "write prune in a rule of crossdock.yaml, and run crossdock sync --dry-run",
  },
  "mutate": EDIT,
  "edit": EDIT,
  "rebase": EDIT,
  "flatten": EDIT,
  "optimize": EDIT,
  "append": EDIT,
  "image mod": EDIT,
  "index": INDEX,
  "index create": INDEX,
  "manifest create": INDEX,
  "manifest push": PUSH,
  "manifest put": PUSH,
  "manifest index": INDEX,
  "imagetools create": INDEX,
  "imagetools": INDEX,
  "buildx imagetools create": INDEX,
  "build": BUILD,
  "buildx": BUILD,
  "attach": ATTACH,
  "sign": SIGN,
  "standalone-sign": SIGN,
  "standalone-verify": CHECK_SIGNATURE,
  "generate-sigstore-key": SIGN,
  // Credentials
  "login": LOGIN,
  "auth login": LOGIN,
  "registry login": LOGIN,
  "logout": LOGOUT,
  "auth logout": LOGOUT,
  "registry logout": LOGOUT,
  "auth get": {
    rejected: "crossdock never prints a credential; crossdock auth HOST shows its source",
  },
  "auth token": { rejected: "crossdock never prints a credential; use crane auth token HOST" },
  "registry config": {
    rejected: "crossdock auth HOST shows which credential is used, and its source",
  },
  "registry set": {
    rejected: "crossdock has no file for registries; use flags such as --src-tls and --src-ca",
  },
  "registry": {
    rejected: "run a registry with docker run registry:3 or crane registry serve; " +
      "crossdock auth HOST checks the credential for one",
  },
  // Rules
  "once": { becomes: "sync" },
  "server": {
    rejected:
      "run the rules on their schedules with crossdock sync --watch, or start the HTTP server " +
      "with crossdock serve",
  },
  "run": { rejected: "run the rules of crossdock.yaml with crossdock sync" },
};
