import { checkProof, proofSchema } from "../webhooks/proof.ts";
import type { Proof } from "../webhooks/proof.ts";
import { isSenderName, senders } from "../webhooks/senders.ts";
import type { SenderName } from "../webhooks/senders.ts";
import { sayUnknown } from "./check_shape.ts";
import type { Mistakes, Path } from "./mistakes.ts";
import type { RenderAt } from "./render_at.ts";
import type { RawProof, RawWebhooks } from "./schema.ts";

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
  /** How each sender proves that an event is its own. */
  readonly incoming: ReadonlyMap<SenderName, Proof>;
  readonly outgoing: readonly OutgoingWebhook[];
}

const ALL_EVENTS: readonly OutgoingEvent[] = ["copied", "failed", "in-step"];

/** Reads `webhooks`. */
export function readWebhooks(
  webhooks: RawWebhooks | undefined,
  mistakes: Mistakes,
  render: RenderAt,
): WebhookSettings {
  const incoming = new Map<SenderName, Proof>();
  for (const [sender, proof] of Object.entries(webhooks?.in ?? {})) {
    const path = ["webhooks", "in", sender];
    if (!isSenderName(sender)) {
      mistakes.add(path, sayUnknown("sender", sender, Object.keys(senders)), "key");
      continue;
    }
    const filled = fillIn(proof, path, render);
    const { success, data, error } = proofSchema.safeParse(filled);
    for (const issue of error?.issues ?? []) mistakes.add([...path, ...issue.path], issue.message);
    if (!success) continue;
    mistakes.try(path, () => checkProof(senders[sender], data));
    incoming.set(sender, data);
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

/** A proof with its templates filled in. */
function fillIn(proof: RawProof, path: Path, render: RenderAt): RawProof {
  if (proof.kind === "google") return proof;
  const secrets = proof.secrets.map((secret, i) =>
    render([...path, "secrets", i], secret, {}) ?? ""
  );
  if (proof.kind !== "basic") return { ...proof, secrets };
  return { ...proof, secrets, username: render([...path, "username"], proof.username, {}) ?? "" };
}
