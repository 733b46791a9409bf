import { parsePlace } from "../webhooks/incoming/match.ts";
import type { OutgoingWebhook } from "../webhooks/outgoing/notice.ts";
import { proofSchema } from "../webhooks/incoming/proof.ts";
import { checkProof } from "../webhooks/incoming/sender.ts";
import type { Proof } from "../webhooks/incoming/proof.ts";
import { isSenderName, senders } from "../webhooks/incoming/senders.ts";
import type { SenderName } from "../webhooks/incoming/senders.ts";
import { sayUnknown } from "./check_shape.ts";
import type { Mistakes, Path } from "./mistakes.ts";
import type { RenderAt } from "./render_at.ts";
import type { RawIncoming, RawWebhooks } from "./schema.ts";

/** Who may tell of pushes. Holds a secret: not for logs. */
export interface IncomingWebhook {
  readonly sender: SenderName;
  /** Where its events are from, as `locateEvent()` takes it. */
  readonly place: string;
  readonly proof: Proof;
}

export interface WebhookSettings {
  /** By the name in the path of its URL: `/hooks/docker-hub`. */
  readonly incoming: ReadonlyMap<string, IncomingWebhook>;
  readonly outgoing: readonly OutgoingWebhook[];
}

const ALL_EVENTS: OutgoingWebhook["events"] = ["copied", "failed", "in_step"];

/** Services of which there is but one. */
const PLACES: Readonly<Partial<Record<SenderName, string>>> = {
  "docker-hub": "docker.io",
  "github": "ghcr.io",
  "quay": "quay.io",
};

/** Reads `webhooks`. */
export function readWebhooks(
  webhooks: RawWebhooks | undefined,
  mistakes: Mistakes,
  render: RenderAt,
): WebhookSettings {
  const incoming = new Map<string, IncomingWebhook>();
  for (const [name, raw] of Object.entries(webhooks?.in ?? {})) {
    const hook = readIncoming(name, raw, ["webhooks", "in", name], mistakes, render);
    if (hook) incoming.set(name, hook);
  }
  const outgoing: OutgoingWebhook[] = [];
  (webhooks?.out ?? []).forEach(({ url: template, secrets, events = ALL_EVENTS }, i) => {
    const path = ["webhooks", "out", i];
    const url = render([...path, "url"], template, {});
    const filled = fillIn(secrets, [...path, "secrets"], render);
    if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
      mistakes.add([...path, "url"], "want an http or https URL");
    }
    // One that came out empty was told already.
    if (filled.every((secret) => secret !== "")) {
      const proof = { kind: "signature" as const, secrets: filled };
      mistakes.try([...path, "secrets"], () => checkProof(senders.plain, proof));
    }
    if (url !== undefined) outgoing.push({ url, secrets: filled, events });
  });
  return { incoming, outgoing };
}

function readIncoming(
  name: string,
  { sender = name, place, ...raw }: RawIncoming,
  path: Path,
  mistakes: Mistakes,
  render: RenderAt,
): IncomingWebhook | undefined {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) {
    mistakes.add(
      path,
      "want small letters, digits and - in a name, for it is part of a URL",
      "key",
    );
  }
  const known = isSenderName(sender) ? sender : undefined;
  if (known === undefined) {
    const at = sender === name ? path : [...path, "sender"];
    const hint = sender === name ? "; or write which it is under sender" : "";
    mistakes.add(at, sayUnknown("sender", sender, Object.keys(senders)) + hint, "key");
  }
  const where = place ?? (known && PLACES[known]);
  if (where !== undefined) mistakes.try([...path, "place"], () => parsePlace(where));
  else if (known) mistakes.add([...path, "place"], "is missing");
  const filled = raw.kind === "google" ? raw : {
    ...raw,
    secrets: fillIn(raw.secrets, [...path, "secrets"], render),
    ...(raw.kind === "basic"
      ? { username: render([...path, "username"], raw.username, {}) ?? "" }
      : {}),
  };
  const { data: proof, error } = proofSchema.safeParse(filled);
  for (const issue of error?.issues ?? []) mistakes.add([...path, ...issue.path], issue.message);
  if (!known) return undefined;
  // A kind that a sender does not have is wrong whatever else is.
  const kind = filled.kind === "google" ? filled : { ...filled, secrets: [] };
  mistakes.try([...path, "kind"], () => checkProof(senders[known], proof ?? kind));
  return proof && where !== undefined ? { sender: known, place: where, proof } : undefined;
}

/** Templates of secrets; one with a mistake, which is told, comes out empty. */
function fillIn(templates: readonly string[], path: Path, render: RenderAt): string[] {
  return templates.map((template, i) => render([...path, i], template, {}) ?? "");
}
