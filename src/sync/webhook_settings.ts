import type { Mistakes, Path } from "./mistakes.ts";
import type { RenderAt } from "./render_at.ts";
import type { RawWebhooks } from "./schema.ts";

/** How a sender proves that an event is its own: by what the file says, with its secrets filled in. Not for logs. */
export type IncomingWebhook =
  | { readonly kind: "signature" | "bearer" | "path"; readonly secrets: string[] }
  | { readonly kind: "header"; readonly name: string; readonly secrets: string[] }
  | { readonly kind: "basic"; readonly username: string; readonly secrets: string[] }
  | { readonly kind: "google"; readonly audience: string; readonly emails: string[] };

export type OutgoingEvent = "copied" | "failed" | "in-step";

/** Whom to tell. Holds a secret: not for logs. */
export interface OutgoingWebhook {
  readonly url: string;
  readonly secret: string;
  readonly events: readonly OutgoingEvent[];
  /** Standard Webhooks, or CloudEvents. */
  readonly format: "standard" | "cloudevents";
}

export interface WebhookSettings {
  /** By the name of the sender. */
  readonly incoming: ReadonlyMap<string, IncomingWebhook>;
  readonly outgoing: readonly OutgoingWebhook[];
}

const ALL_EVENTS: readonly OutgoingEvent[] = ["copied", "failed", "in-step"];

/** Reads `webhooks`. */
export function readWebhooks(
  webhooks: RawWebhooks | undefined,
  mistakes: Mistakes,
  render: RenderAt,
): WebhookSettings {
  const incoming = new Map<string, IncomingWebhook>();
  for (const [sender, proof] of Object.entries(webhooks?.in ?? {})) {
    incoming.set(sender, fillIn(proof, ["webhooks", "in", sender], render));
  }
  const outgoing: OutgoingWebhook[] = [];
  (webhooks?.out ?? []).forEach((hook, i) => {
    const path = ["webhooks", "out", i];
    const url = render([...path, "url"], hook.url, {});
    const secret = render([...path, "secret"], hook.secret, {});
    if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
      mistakes.add([...path, "url"], "want an http or https URL");
    } else if (url !== undefined && secret !== undefined) {
      const { events = ALL_EVENTS, format = "standard" } = hook;
      outgoing.push({ url, secret, events, format });
    }
  });
  return { incoming, outgoing };
}

function fillIn(proof: IncomingWebhook, path: Path, render: RenderAt): IncomingWebhook {
  if (proof.kind === "google") return proof;
  const secrets = proof.secrets.map((secret, i) =>
    render([...path, "secrets", i], secret, {}) ?? ""
  );
  if (proof.kind !== "basic") return { ...proof, secrets };
  return { ...proof, secrets, username: render([...path, "username"], proof.username, {}) ?? "" };
}
