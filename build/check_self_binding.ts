/**
 * A Worker under another name whose binding `SELF` still names the old one would run the steps of its copies in that other
 * Worker, or fail to deploy without saying why. "Deploy to Cloudflare" changes only `name`.
 *
 * @param toml the text of wrangler.toml
 * @throws Error if `SELF` is a binding to another Worker
 */
export function checkSelfBinding(toml: string): void {
  const [, name = ""] = /^name = "(.+)"$/m.exec(toml) ?? [];
  const [, service] = /^\[\[services\]\]\nbinding = "SELF"\nservice = "(.+)"$/m.exec(toml) ?? [];
  if (service === undefined || service === name) return;
  throw new Error(
    `wrangler.toml: the name of the Worker is "${name}", but its binding SELF is to "${service}"; ` +
      `write service = "${name}" below [[services]]`,
  );
}
