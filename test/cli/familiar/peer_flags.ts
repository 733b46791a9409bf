/**
 * The flags of other tools without `--help`: from the help of skopeo 1.9, crane 0.22, regctl and regsync 0.11 and oras 1.3, from the
 * manual of skopeo 1.20, and of docker 28. Independent of the table in src/cli/familiar: this list says only what exists.
 */

export interface PeerCommand {
  readonly tool: string;
  readonly command: string;
  /** The command of crossdock that does the same. */
  readonly own: string;
  /** `-s|--long`, with `=` at the end if it has a value. */
  readonly flags: string;
}

export const PEER_COMMANDS: readonly PeerCommand[] = [
  {
    tool: "skopeo",
    command: "copy",
    own: "copy",
    flags: "--additional-tag= -a|--all --authfile= --decryption-key= --dest-authfile= " +
      "--dest-cert-dir= --dest-compress --dest-compress-format= --dest-compress-level= " +
      "--dest-creds= --dest-daemon-host= --dest-decompress --dest-no-creds " +
      "--dest-oci-accept-uncompressed-layers --dest-password= --dest-precompute-digests " +
      "--dest-registry-token= --dest-shared-blob-dir= --dest-tls-verify --dest-username= " +
      "--digestfile= --encrypt-layer= --encryption-key= -f|--format= --multi-arch= " +
      "--preserve-digests -q|--quiet --remove-signatures --retry-times= --sign-by= " +
      "--sign-by-sigstore-private-key= --sign-identity= --sign-passphrase-file= " +
      "--src-authfile= --src-cert-dir= --src-creds= --src-daemon-host= --src-no-creds " +
      "--src-password= --src-registry-token= --src-shared-blob-dir= --src-tls-verify " +
      "--src-username= --command-timeout= --debug --insecure-policy --override-arch= " +
      "--override-os= --override-variant= --policy= --registries.d= --tmpdir= " +
      "--registries-conf= --require-signed --user-agent-prefix= --image-parallel-copies= " +
      "--retry-delay= --sign-by-sigstore= --sign-by-sq-fingerprint=",
  },
  {
    tool: "skopeo",
    command: "sync",
    own: "sync",
    flags: "-a|--all --authfile= -d|--dest= --dest-authfile= --dest-cert-dir= --dest-creds= " +
      "--dest-no-creds --dest-password= --dest-registry-token= --dest-tls-verify " +
      "--dest-username= --dry-run -f|--format= --keep-going --preserve-digests " +
      "--remove-signatures --retry-times= --scoped --sign-by= " +
      "--sign-by-sigstore-private-key= --sign-passphrase-file= -s|--src= --src-authfile= " +
      "--src-cert-dir= --src-creds= --src-no-creds --src-password= --src-registry-token= " +
      "--src-tls-verify --src-username= --command-timeout= --debug --insecure-policy " +
      "--override-arch= --override-os= --override-variant= --policy= --registries.d= " +
      "--tmpdir= --registries-conf= --require-signed --user-agent-prefix= --append-suffix= " +
      "--digestfile= --retry-delay= --sign-by-sigstore= --sign-by-sq-fingerprint=",
  },
  {
    tool: "skopeo",
    command: "inspect",
    own: "inspect",
    flags: "--authfile= --cert-dir= --config --creds= --daemon-host= -f|--format= --no-creds " +
      "-n|--no-tags --password= --raw --registry-token= --retry-times= --shared-blob-dir= " +
      "--tls-verify --username= --command-timeout= --debug --insecure-policy " +
      "--override-arch= --override-os= --override-variant= --policy= --registries.d= " +
      "--tmpdir= --registries-conf= --require-signed --user-agent-prefix= --retry-delay=",
  },
  {
    tool: "skopeo",
    command: "list-tags",
    own: "tags",
    flags: "--authfile= --cert-dir= --creds= --no-creds --password= --registry-token= " +
      "--retry-times= --tls-verify --username= --command-timeout= --debug --insecure-policy " +
      "--override-arch= --override-os= --override-variant= --policy= --registries.d= " +
      "--tmpdir= --registries-conf= --require-signed --user-agent-prefix= --retry-delay=",
  },
  {
    tool: "crane",
    command: "copy",
    own: "copy",
    flags: "-a|--all-tags -j|--jobs= -n|--no-clobber --allow-nondistributable-artifacts " +
      "--insecure --platform= -v|--verbose",
  },
  {
    tool: "crane",
    command: "ls",
    own: "tags",
    flags: "--full-ref -O|--omit-digest-tags --allow-nondistributable-artifacts --insecure " +
      "--platform= -v|--verbose",
  },
  {
    tool: "crane",
    command: "digest",
    own: "digest",
    flags: "--full-ref --tarball= --allow-nondistributable-artifacts --insecure --platform= " +
      "-v|--verbose",
  },
  {
    tool: "crane",
    command: "manifest",
    own: "inspect",
    flags: "--allow-nondistributable-artifacts --insecure --platform= -v|--verbose",
  },
  {
    tool: "crane",
    command: "config",
    own: "inspect",
    flags: "--allow-nondistributable-artifacts --insecure --platform= -v|--verbose",
  },
  {
    tool: "regctl",
    command: "image copy",
    own: "copy",
    flags: "--digest-tags --fast --force-recursive --format= --include-external -p|--platform= " +
      "--referrers --referrers-src= --referrers-tgt= --host= --logopt= --user-agent= " +
      "-v|--verbosity=",
  },
  {
    tool: "regctl",
    command: "image inspect",
    own: "inspect",
    flags: "--format= -p|--platform= --host= --logopt= --user-agent= -v|--verbosity=",
  },
  {
    tool: "regctl",
    command: "image digest",
    own: "digest",
    flags: "--format= -p|--platform= --require-digest --require-list --host= --logopt= " +
      "--user-agent= -v|--verbosity=",
  },
  {
    tool: "regctl",
    command: "tag ls",
    own: "tags",
    flags: "--exclude= --format= --include= --last= --limit= --host= --logopt= --user-agent= " +
      "-v|--verbosity=",
  },
  {
    tool: "regctl",
    command: "image manifest",
    own: "inspect",
    flags: "--format= -p|--platform= --require-list --host= --logopt= --user-agent= " +
      "-v|--verbosity=",
  },
  {
    tool: "oras",
    command: "cp",
    own: "copy",
    flags: "--concurrency= -d|--debug --force --from-ca-file= --from-cert-file= " +
      "--from-distribution-spec= --from-header= --from-identity-token= --from-insecure " +
      "--from-key-file= --from-oci-layout --from-oci-layout-path= --from-password= " +
      "--from-plain-http --from-registry-config= --from-resolve= --from-username= --no-tty " +
      "--platform= -r|--recursive --resolve= --to-ca-file= --to-cert-file= " +
      "--to-distribution-spec= --to-header= --to-identity-token= --to-insecure " +
      "--to-key-file= --to-oci-layout --to-oci-layout-path= --to-password= --to-plain-http " +
      "--to-registry-config= --to-resolve= --to-username=",
  },
  {
    tool: "oras",
    command: "discover",
    own: "inspect",
    flags: "--artifact-type= --ca-file= --cert-file= -d|--debug --depth= --distribution-spec= " +
      "--format= -H|--header= --identity-token= --identity-token-stdin --insecure " +
      "--key-file= --no-tty --oci-layout --oci-layout-path= -o|--output= -p|--password= " +
      "--password-stdin --plain-http --platform= --registry-config= --resolve= --template= " +
      "-u|--username=",
  },
  {
    tool: "oras",
    command: "manifest fetch",
    own: "inspect",
    flags: "--ca-file= --cert-file= -d|--debug --descriptor --format= -H|--header= " +
      "--identity-token= --identity-token-stdin --insecure --key-file= --media-type= " +
      "--oci-layout --oci-layout-path= -o|--output= -p|--password= --password-stdin " +
      "--plain-http --platform= --pretty --registry-config= --resolve= --template= " +
      "-u|--username=",
  },
  {
    tool: "oras",
    command: "manifest fetch-config",
    own: "inspect",
    flags: "--ca-file= --cert-file= -d|--debug --descriptor -H|--header= --identity-token= " +
      "--identity-token-stdin --insecure --key-file= --oci-layout --oci-layout-path= " +
      "-o|--output= -p|--password= --password-stdin --plain-http --platform= --pretty " +
      "--registry-config= --resolve= -u|--username=",
  },
  {
    tool: "oras",
    command: "repo tags",
    own: "tags",
    flags: "--ca-file= --cert-file= -d|--debug --exclude-digest-tags --format= -H|--header= " +
      "--identity-token= --identity-token-stdin --insecure --key-file= --last= --oci-layout " +
      "--oci-layout-path= -p|--password= --password-stdin --plain-http --registry-config= " +
      "--resolve= --template= -u|--username=",
  },
  {
    tool: "oras",
    command: "resolve",
    own: "digest",
    flags:
      "--ca-file= --cert-file= -d|--debug -l|--full-reference -H|--header= --identity-token= " +
      "--identity-token-stdin --insecure --key-file= --oci-layout --oci-layout-path= " +
      "-p|--password= --password-stdin --plain-http --platform= --registry-config= " +
      "--resolve= -u|--username=",
  },
  {
    tool: "regsync",
    command: "once",
    own: "sync",
    flags: "--abort-on-error -c|--config= --missing --logopt= -v|--verbosity=",
  },
  {
    tool: "docker",
    command: "pull",
    own: "copy",
    flags: "-a|--all-tags --disable-content-trust --platform= -q|--quiet",
  },
  {
    tool: "docker",
    command: "push",
    own: "copy",
    flags: "-a|--all-tags --disable-content-trust --platform= -q|--quiet",
  },
  {
    tool: "docker",
    command: "buildx imagetools create",
    own: "copy",
    flags: "--annotation= --append --builder= --dry-run -f|--file= --metadata-file= " +
      "-p|--platform= --prefer-index --progress= -t|--tag=",
  },
  {
    tool: "docker",
    command: "buildx imagetools inspect",
    own: "inspect",
    flags: "--builder= --format= --raw",
  },
  {
    tool: "docker",
    command: "manifest inspect",
    own: "inspect",
    flags: "--insecure -v|--verbose",
  },
];
