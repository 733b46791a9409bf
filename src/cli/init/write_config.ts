/** Writes the text of a crossdock.yaml with one rule. */
import { stringify } from "yaml";
import { env, variableName } from "../import/imported.ts";

/** What the rule copies, and when. */
export interface Answers {
  /** An image, if it has a tag or a digest, or a repository. */
  readonly source: string;
  readonly destination: string;
  /** Patterns of tags; all tags if there are none. */
  readonly tags: readonly string[];
  readonly interval?: string | undefined;
  readonly schedule?: string | undefined;
  /** The registries whose credentials are in variables. */
  readonly logins: readonly string[];
  /** The registries with plain HTTP. */
  readonly plain: readonly string[];
}

/** The variables with the credential of a registry. */
export function toVariables(registry: string): { readonly user: string; readonly pass: string } {
  const name = variableName(registry);
  return { user: `${name}_USER`, pass: `${name}_PASS` };
}

/** Secrets are never in the file: it names variables, or relies on the files of `docker login`. */
export function writeConfig(
  { source, destination, tags, interval, schedule, logins, plain }: Answers,
  type: "image" | "repository",
): string {
  const creds = [...new Set([...logins, ...plain])].map((registry) => {
    const { user, pass } = toVariables(registry);
    return {
      registry,
      ...(logins.includes(registry) ? { user: env(user), pass: env(pass) } : {}),
      ...(plain.includes(registry) ? { tls: "disabled" } : {}),
    };
  });
  const config = {
    version: 1,
    ...(creds.length > 0 ? { creds } : {}),
    defaults: {
      ...(interval === undefined ? {} : { interval }),
      ...(schedule === undefined ? {} : { schedule }),
      referrers: true,
      digestTags: true,
    },
    sync: [{
      source,
      target: destination,
      type,
      ...(tags.length > 0 ? { tags: { allow: tags } } : {}),
    }],
  };
  return `# Written by crossdock init. Try it with: crossdock sync --dry-run\n${
    stringify(config, { lineWidth: 100 })
  }`;
}
