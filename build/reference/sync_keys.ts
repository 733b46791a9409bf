/**
 * The keys of `crossdock.yaml` for docs/reference/sync-config.md: what the schema does not know. The schema has the types, and
 * rejects examples that are wrong.
 */

export interface KeyNotes {
  readonly meaning: string;
  /** `required`, or the default as text. */
  readonly fallback?: string;
  /** What regsync does with the key. Absent if it does not know it. */
  readonly regsync?: string;
  /** The key with a value, as in a file. */
  readonly example?: string;
}

export interface KeyGroup {
  readonly title: string;
  /** Where the keys are: `sync[].tags`; `*` is any name. */
  readonly path: string;
  readonly keys: Readonly<Record<string, KeyNotes>>;
}

export const KEY_GROUPS: readonly KeyGroup[] = [
  {
    title: "The file",
    path: "",
    keys: {
      version: {
        meaning: "version of the format",
        fallback: "1",
        example: "version: 1",
      },
      creds: {
        meaning: "settings of registries, see [creds](#creds)",
        fallback: "none",
        example: 'creds: [{registry: ghcr.io, user: robot, pass: "{{ env \\"GHCR_PASS\\" }}"}]',
      },
      defaults: {
        meaning: "defaults of rules, see [defaults](#defaults)",
        fallback: "none",
        example: "defaults: {interval: 6h}",
      },
      sync: {
        meaning: "the [rules](#what-to-copy)",
        fallback: "none",
        example: "sync: [{source: alpine, target: r.example/alpine, type: repository}]",
      },
      webhooks: {
        meaning: "incoming and outgoing webhooks, see [webhooks](#webhooks)",
        fallback: "none",
        example: 'webhooks: {in: {quay: {kind: path, secrets: ["0123456789abcdef"]}}}',
      },
      admission: {
        meaning: "signatures that images must have: [admission.md](../admission.md)",
        fallback: "none",
        example: 'admission: [{images: "**", default: accept}]',
      },
      receipt: {
        meaning:
          "signs a [receipt](../receipts.md) for each copied manifest, see [receipt](#receipt)",
        fallback: "none",
        example: "receipt: {key: '{{ env \"RECEIPT_KEY\" }}'}",
      },
    },
  },
  {
    title: "creds",
    path: "creds[]",
    keys: {
      registry: {
        meaning: "the name in references: `ghcr.io`, `localhost:5000`, `docker.io`. A template",
        fallback: "required",
        example: "registry: ghcr.io",
      },
      hostname: {
        meaning:
          "the host to connect to. Rules may use either name; both mean the registry of this host",
        fallback: "`registry`",
        example: "hostname: ghcr.internal.example",
      },
      user: {
        meaning: "user name. A template",
        fallback: "none",
        example: "user: robot",
      },
      pass: {
        meaning: 'password. A template: prefer `{{ env "NAME" }}` to the password itself',
        fallback: "none",
        example: "pass: '{{ env \"GHCR_PASS\" }}'",
      },
      token: {
        meaning: "refresh token, docker's identity token. A template",
        fallback: "none",
        example: "token: '{{ env \"REFRESH_TOKEN\" }}'",
      },
      credHelper: {
        meaning:
          "a credential helper of Docker, on the command line and in programs on Deno, Node and Bun. Servers reject it",
        fallback: "none",
        example: "credHelper: docker-credential-ecr-login",
      },
      credExpire: {
        meaning: "how long the credential of the helper is kept",
        fallback: "`1h`",
        example: "credExpire: 12h",
      },
      credHost: {
        meaning: "the name that the helper gets instead of `registry`",
        fallback: "`registry`",
        example: 'credHost: "https://index.docker.io/v1/"',
      },
      mirrors: {
        meaning:
          "registries that manifests and blobs of a source are read from first, each with a path if it has one. What a mirror lacks comes from the registry, which lists and resolves tags and lists referrers. A mirror that fails or returns wrong bytes is named in a warning and not used for a minute. While the registry does not answer, mirrors resolve its tags, with a warning",
        fallback: "none",
        example: "mirrors: [cache.example.com, harbor.example.com/proxy]",
      },
      tls: {
        meaning:
          "`enabled`, `insecure` (any certificate) or `disabled` (plain HTTP), in upper or lower case",
        fallback: "`enabled`; `disabled` on loopback",
        example: "tls: disabled",
      },
      regcert: {
        meaning:
          "PEM certificates to trust for this registry, on every host but Workers. A template. Without `tls`, it means `tls: enabled`",
        fallback: "none",
        example: "regcert: '{{ file \"ca.pem\" }}'",
      },
      clientCert: {
        meaning:
          "PEM certificate for a registry that requires a client certificate, on every host but Workers. A template. Without `tls`, it means `tls: enabled`",
        fallback: "none",
        example: "clientCert: '{{ file \"client.pem\" }}'",
      },
      clientKey: {
        meaning:
          'its private key in PEM, without a passphrase. A template: prefer `{{ file "/run/secrets/key.pem" }}` to the key itself',
        fallback: "none",
        example: "clientKey: '{{ file \"client.key\" }}'",
      },
      repoAuth: {
        meaning: "has no effect, because each token is for one repository in any case",
        example: "repoAuth: true",
      },
      reqPerSec: {
        meaning: "maximum of requests per second; 0 means no limit",
        fallback: "0",
        example: "reqPerSec: 10",
      },
      reqConcurrent: {
        meaning: "maximum of requests at once; 0 means no limit",
        fallback: "0",
        example: "reqConcurrent: 3",
      },
    },
  },
  {
    title: "What to copy",
    path: "sync[]",
    keys: {
      name: {
        meaning: "name of the rule, unique in the file",
        fallback: "its source",
        example: "name: alpine",
      },
      type: {
        meaning:
          "`image`, `repository` (its tags) or `registry` (its repositories, by the catalog)",
        fallback: "required",
        regsync: "same",
        example: "type: repository",
      },
      source: {
        meaning: "an image, a repository or a registry, depending on `type`. A template",
        fallback: "required",
        regsync: "same",
        example: "source: docker.io/library/alpine",
      },
      target: {
        meaning: "where to copy it. A template with `.Sync.Source`",
        fallback: "required",
        regsync: "same",
        example: "target: registry.example.com/mirror/alpine",
      },
      targets: {
        meaning: "several targets, instead of `target`",
        example: "targets: [a.example/alpine, b.example/alpine]",
      },
    },
  },
  {
    title: "Which tags and parts",
    path: "sync[]",
    keys: {
      tags: {
        meaning: "selects tags, see [tags](#tags)",
        fallback: "all",
        regsync: "same",
        example: "tags: {latest: 5}",
      },
      tagSets: {
        meaning: "a list of such selections; a tag is copied if any of them, or `tags`, selects it",
        fallback: "none",
        regsync: "same",
        example: 'tagSets: [{allow: [edge]}, {semverRange: [">=3.20"]}]',
      },
      digests: {
        meaning:
          "for type repository: images to copy by digest, besides those of the tags. Without `tags` and `tagSets`, only these",
        fallback: "none",
        regsync: "not there",
        example: `digests: [sha256:${"0123456789abcdef".repeat(4)}]`,
      },
      targetTag: {
        meaning:
          "the tags of the targets, a template. Fields of `.Source`: `Tag`, `Registry`, `Repository`, `Reference`, `CommonName`. Two tags that become one are a failure. Not with `prune`",
        fallback: "the tags of the source",
        regsync: "same",
        example: 'targetTag: "{{ .Source.Tag }}-mirror"',
      },
      repos: {
        meaning: "selects repositories of a registry, see [repos](#repos)",
        fallback: "all",
        regsync: "same",
        example: 'repos: {allow: ["app/.*"]}',
      },
      minAge: {
        meaning: "images that were created less than this ago are not copied yet",
        fallback: "none",
        example: "minAge: 48h",
      },
      mediaTypes: {
        meaning: "allowed media types of a tag's manifest; other tags are skipped",
        fallback: "any",
        regsync: "default: the four of images and indexes",
        example: "mediaTypes: [application/vnd.oci.image.index.v1+json]",
      },
      platform: {
        meaning: "copies the image of one platform instead of the index",
        regsync: "same",
        example: "platform: linux/amd64",
      },
      platforms: {
        meaning: "copies only these platforms of an index",
        fallback: "all",
        regsync: "same",
        example: "platforms: [linux/amd64, linux/arm64]",
      },
      digestTags: {
        meaning: "also copies cosign's tags `sha256-….sig`, `.att` and `.sbom`",
        fallback: "`false`",
        regsync: "also copies other tags of that form",
        example: "digestTags: true",
      },
      referrers: {
        meaning: "also copies the referrers of an image",
        fallback: "`false`",
        regsync: "same",
        example: "referrers: true",
      },
      referrerFilters: {
        meaning: "selects referrers, see [referrerFilters](#referrerfilters)",
        fallback: "all",
        regsync: "same",
        example: "referrerFilters: [{artifactType: application/spdx+json}]",
      },
      includeExternal: {
        meaning: "also copies layers from URLs outside of the registry",
        fallback: "`false`",
        regsync: "same",
        example: "includeExternal: true",
      },
    },
  },
  {
    title: "How to copy",
    path: "sync[]",
    keys: {
      index: {
        meaning:
          "the index, if only some `platforms` are copied: `sparse` keeps it unchanged, `rebuild` makes an index of these platforms with a new digest, `refuse` fails",
        fallback: "`sparse`, with a warning",
        example: "index: rebuild",
      },
      ifExists: {
        meaning: "if the target has the tag with another digest: `overwrite`, `skip` or `fail`",
        fallback: "`overwrite`",
        example: "ifExists: fail",
      },
      fastCheck: {
        meaning:
          "an equal digest is enough; referrers and digest tags are then not checked, except after their own events",
        fallback: "`false`",
        regsync: "same",
        example: "fastCheck: true",
      },
      forceRecursive: {
        meaning:
          "checks all parts of an image even if its digest is equal, and copies missing ones",
        fallback: "`false`",
        regsync: "same",
        example: "forceRecursive: true",
      },
      verify: {
        meaning:
          "who verifies the digest of a blob, as in `crossdock copy --verify`: `auto`, `stream`, `destination`",
        fallback: "`auto`",
        example: "verify: stream",
      },
      backup: {
        meaning:
          "saves an image before it is overwritten: a tag, or a reference if it has `:` or `/`. A template",
        fallback: "none",
        regsync: "same",
        example: 'backup: "backup-{{ .Ref.Tag }}"',
      },
      prune: {
        meaning: "deletes tags of the target that no rule selects, see [prune](#prune)",
        fallback: "off",
        example: "prune: {}",
      },
      referrerSource: {
        meaning:
          "repository to read referrers from, see [referrerSource and referrerTarget](../sync.md#referrersource-and-referrertarget). A template",
        fallback: "that of the image",
        regsync: "same",
        example: "referrerSource: ghcr.io/acme/signatures",
      },
      referrerTarget: {
        meaning:
          "repository to copy referrers to. A template with `.Sync.Source` and `.Sync.Target`",
        fallback: "that of the image",
        regsync: "same",
        example: "referrerTarget: registry.example.com/signatures",
      },
    },
  },
  {
    title: "When to copy",
    path: "sync[]",
    keys: {
      interval: {
        meaning: "how often the rule runs",
        fallback: "none",
        regsync: "same",
        example: "interval: 6h",
      },
      fullCheckEvery: {
        meaning:
          "with a [remembered state](../sync.md#remembered-state): all images are compared in one of this number of runs",
        fallback: "24",
        example: "fullCheckEvery: 12",
      },
      schedule: {
        meaning:
          "cron: five fields, `@daily` or `@every 6h`; with the prefix `CRON_TZ=Europe/Berlin` in that time zone. Takes precedence over `interval`",
        fallback: "none",
        regsync: "same",
        example: 'schedule: "15 3 * * *"',
      },
      ratelimit: {
        meaning: "pulls to leave at the source, see [ratelimit](#ratelimit)",
        fallback: "none",
        regsync: "same",
        example: "ratelimit: {min: 50}",
      },
    },
  },
  {
    title: "tags",
    path: "sync[].tags",
    keys: {
      semverRange: {
        meaning: "version ranges; the tag is in at least one of them",
        fallback: "none",
        regsync: "same",
        example: 'semverRange: [">=1.2 <2.0"]',
      },
      allow: {
        meaning: "patterns; the tag matches at least one of them",
        fallback: "all tags",
        regsync: "same",
        example: 'allow: ["v1\\\\..*"]',
      },
      deny: {
        meaning: "patterns; the tag matches none of them",
        fallback: "none",
        regsync: "same",
        example: 'deny: [".*-rc.*"]',
      },
      latest: {
        meaning: "how many of the newest tags to copy",
        fallback: "all",
        example: "latest: 5",
      },
      by: {
        meaning:
          "order for `latest`: `semver`, which leaves out tags that are not versions, or `created`",
        fallback: "`semver`",
        example: "by: created",
      },
    },
  },
  {
    title: "repos",
    path: "sync[].repos",
    keys: {
      allow: {
        meaning: "patterns; the repository matches at least one of them",
        fallback: "all",
        regsync: "same",
        example: 'allow: ["app/.*"]',
      },
      deny: {
        meaning: "patterns; the repository matches none of them",
        fallback: "none",
        regsync: "same",
        example: 'deny: [".*/cache"]',
      },
    },
  },
  {
    title: "ratelimit",
    path: "sync[].ratelimit",
    keys: {
      min: {
        meaning:
          "the floor: the number of pulls to leave at the source. No manifest is read if fewer pulls would remain",
        fallback: "0",
        regsync: "same",
        example: "min: 50",
      },
      retry: {
        meaning: "when to try again; less than `5m` is read as `5m`",
        fallback: "`5m`",
        regsync: "same",
        example: "retry: 15m",
      },
    },
  },
  {
    title: "referrerFilters",
    path: "sync[].referrerFilters[]",
    keys: {
      artifactType: {
        meaning: "artifact type of the referrer",
        fallback: "any",
        example: "artifactType: application/spdx+json",
      },
      annotations: {
        meaning: "annotations of the referrer; an empty text matches any value",
        fallback: "any",
        example: "annotations: {org.example.kind: sbom}",
      },
    },
  },
  {
    title: "prune",
    path: "sync[].prune",
    keys: {
      keep: {
        meaning: "patterns of tags to keep",
        fallback: "none",
        example: "keep: [latest]",
      },
      maxShare: {
        meaning:
          "largest share of a repository's tags that one run may delete. If there are more, it deletes none and reports them as `held-back`. One tag may always be deleted, except with 0",
        fallback: "0.1",
        example: "maxShare: 0.3",
      },
    },
  },
  {
    title: "defaults",
    path: "defaults",
    keys: {
      parallel: {
        meaning: "copies at once, over all rules",
        fallback: "4",
        regsync: "1",
        example: "parallel: 2",
      },
      skipDockerConfig: {
        meaning: "ignores the credentials in docker's config",
        fallback: "`false`",
        regsync: "same",
        example: "skipDockerConfig: true",
      },
      backup: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: 'backup: "backup-{{ .Ref.Tag }}"',
      },
      interval: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: "interval: 6h",
      },
      schedule: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: 'schedule: "15 3 * * *"',
      },
      ratelimit: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: "ratelimit: {min: 50}",
      },
      digestTags: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: "digestTags: true",
      },
      referrers: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: "referrers: true",
      },
      referrerFilters: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: "referrerFilters: [{artifactType: application/spdx+json}]",
      },
      referrerSource: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: "referrerSource: ghcr.io/acme/signatures",
      },
      referrerTarget: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: "referrerTarget: registry.example.com/signatures",
      },
      fastCheck: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: "fastCheck: true",
      },
      fullCheckEvery: {
        meaning: "for rules that do not have the key",
        example: "fullCheckEvery: 12",
      },
      forceRecursive: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: "forceRecursive: true",
      },
      includeExternal: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: "includeExternal: true",
      },
      mediaTypes: {
        meaning: "for rules that do not have the key",
        regsync: "same",
        example: "mediaTypes: [application/vnd.oci.image.index.v1+json]",
      },
      index: {
        meaning: "for rules that do not have the key",
        example: "index: rebuild",
      },
      minAge: {
        meaning: "for rules that do not have the key",
        example: "minAge: 48h",
      },
      ifExists: {
        meaning: "for rules that do not have the key",
        example: "ifExists: fail",
      },
      verify: {
        meaning: "for rules that do not have the key",
        example: "verify: stream",
      },
    },
  },
  {
    title: "webhooks",
    path: "webhooks",
    keys: {
      in: {
        meaning: "incoming webhooks by name. The name is part of the URL: `/hooks/NAME`",
        example: 'in: {quay: {kind: path, secrets: ["0123456789abcdef"]}}',
      },
      out: {
        meaning: "a list of receivers of notices",
        example:
          "out: [{url: https://chat.example/hook, secrets: [whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=]}]",
      },
    },
  },
  {
    title: "in",
    path: "webhooks.in.*",
    keys: {
      sender: {
        meaning: "type of the sender: `docker-hub`, `harbor`, …",
        fallback: "the name of the entry",
        example: "sender: harbor",
      },
      place: {
        meaning: "source of the events: a registry, or a prefix of its repositories",
        fallback: "the registry of Docker Hub, GitHub and Quay.io; else required",
        example: "place: harbor.example.com",
      },
      kind: {
        meaning:
          "the proof: `signature`, `header`, `bearer`, `basic`, `google` or `path`, if the sender supports it",
        fallback: "required",
        example: "kind: header",
      },
      secrets: {
        meaning: "one or more secrets of at least 16 characters; each is accepted. Templates",
        fallback: "required, except for `google`",
        example: "secrets: ['{{ env \"HOOK_SECRET\" }}']",
      },
      name: {
        meaning: "name of the header",
        fallback: "required for `header`",
        example: "name: Authorization",
      },
      username: {
        meaning: "user name. A template",
        fallback: "required for `basic`",
        example: "username: hook",
      },
      audience: {
        meaning: "audience of the token",
        fallback: "required for `google`",
        example: "audience: https://mirror.example.com",
      },
      emails: {
        meaning: "service accounts",
        fallback: "required for `google`",
        example: "emails: [robot@project.iam.gserviceaccount.com]",
      },
    },
  },
  {
    title: "out",
    path: "webhooks.out[]",
    keys: {
      url: {
        meaning: "http or https URL. A template",
        fallback: "required",
        example: "url: https://chat.example/hook",
      },
      secrets: {
        meaning:
          "`whsec_` and base64; with several secrets, a request has several signatures. Templates",
        fallback: "required",
        example: "secrets: ['{{ env \"CHAT_SECRET\" }}']",
      },
      events: {
        meaning: "`copied`, `failed`, `in_step`",
        fallback: "all",
        example: "events: [failed]",
      },
    },
  },
  {
    title: "receipt",
    path: "receipt",
    keys: {
      key: {
        meaning:
          "a private key on P-256 in PEM (PKCS #8), or `awskms:///` and the ARN of a key in AWS KMS. A template",
        fallback: "required",
        example: "key: '{{ env \"RECEIPT_KEY\" }}'",
      },
      names: {
        meaning: "by the registry that images are pushed to: the name by which clients pull",
        fallback: "the same name",
        example: "names: {registry.internal:5000: mirror.example.com}",
      },
    },
  },
];
