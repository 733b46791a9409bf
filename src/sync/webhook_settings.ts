import { checkProof, checkSigningSecret, proofSchema } from "../webhooks/proof.ts";
import type { Proof } from "../webhooks/proof.ts";
import { parsePlace } from "../webhooks/match.ts";
import { isSenderName, senders } from "../webhooks/senders.ts";
import type { SenderName } from "../webhooks/senders.ts";
import type { Mistakes, Path } from "./mistakes.ts";
import type { RenderAt } from "./render_at.ts";
import type { RawWebhooks } from "./schema.ts";
import { suggest } from "./suggest.ts";

/** Whose events are taken. Holds secrets: not for logs. */
export interface IncomingWebhook {
  /** How the sender proves that an event is its own. */
  readonly proof: Proof;
  /** Where its events are from, as `locateEvent` takes it. Empty: where they say themselves. */
  readonly from: readonly string[];
}

export type OutgoingEvent = "copied" | "failed" | "in-step";

/** Whom to tell. Holds a secret: not for logs. */
export interface OutgoingWebhook {
  readonly url: URL;
  /** `whsec_` and base64. */
  readonly secret: string;
  readonly events: readonly OutgoingEvent[];
}

export interface WebhookSettings {
  readonly incoming: ReadonlyMap<SenderName, IncomingWebhook>;
  readonly outgoing: readonly OutgoingWebhook[];
}

type RawIncoming = NonNullable<NonNullable<RawWebhooks>["in"]>[string];

const ALL_EVENTS: readonly OutgoingEvent[] = ["copied", "failed", "in-step"];

/** Reads `webhooks`. */
export function readWebhooks(
  webhooks: RawWebhooks | undefined,
  mistakes: Mistakes,
  render: RenderAt,
): WebhookSettings {
  const incoming = new Map<SenderName, IncomingWebhook>();
  for (const [name, hook] of Object.entries(webhooks?.in ?? {})) {
    const path = ["webhooks", "in", name];
    if (!isSenderName(name)) {
      const near = suggest(name, Object.keys(senders));
      const known = near ? `did you mean ${near}` : `there are ${Object.keys(senders).join(", ")}`;
      mistakes.add(path, `there is no such sender; ${known}`, "key");
      continue;
    }
    const read = readIncoming(name, hook, path, mistakes, render);
    if (read) incoming.set(name, read);
  }
  const outgoing: OutgoingWebhook[] = [];
  (webhooks?.out ?? []).forEach(({ events = ALL_EVENTS, ...hook }, i) => {
    const path = ["webhooks", "out", i];
    const text = render([...path, "url"], hook.url, {});
    const secret = render([...path, "secret"], hook.secret, {});
    if (secret !== undefined) mistakes.try([...path, "secret"], () => checkSigningSecret(secret));
    if (text === undefined) return;
    const url = URL.parse(text);
    if (!url || !/^https?:$/.test(url.protocol)) {
      mistakes.add([...path, "url"], "want an http or https URL");
    } else if (secret !== undefined) {
      outgoing.push({ url, secret, events });
    }
  });
  return { incoming, outgoing };
}

function readIncoming(
  name: SenderName,
  { from = [], ...raw }: RawIncoming,
  path: Path,
  mistakes: Mistakes,
  render: RenderAt,
): IncomingWebhook | undefined {
  const places = from.map((text, i) => {
    const at = [...path, "from", i];
    const place = render(at, text, {});
    return place && mistakes.try(at, () => parsePlace(place));
  });
  const { title, isSilent } = senders[name];
  if (isSilent && from.length === 0) {
    mistakes.add([...path, "from"], `is missing: ${title} does not say which registry it is`);
  }
  const proof = readProof(name, raw, path, mistakes, render);
  return proof && { proof, from: places.filter((place) => place !== undefined) };
}

function readProof(
  name: SenderName,
  raw: Omit<RawIncoming, "from">,
  path: Path,
  mistakes: Mistakes,
  render: RenderAt,
): Proof | undefined {
  const filled = fillIn(raw, path, render);
  if (!filled) return undefined;
  const { data, error } = proofSchema.safeParse(filled);
  for (const issue of error?.issues ?? []) mistakes.add([...path, ...issue.path], issue.message);
  if (!data) return undefined;
  mistakes.try([...path, "kind"], () => checkProof(senders[name], data));
  return data;
}

/** With templates filled in; `undefined` where one has a mistake, which is told. */
function fillIn(
  raw: Omit<RawIncoming, "from"> & { secrets?: string[]; username?: string },
  path: Path,
  render: RenderAt,
): Record<string, unknown> | undefined {
  const secrets = raw.secrets?.map((secret, i) => render([...path, "secrets", i], secret, {}));
  const username = raw.username === undefined
    ? undefined
    : render([...path, "username"], raw.username, {});
  const isWhole = (secrets?.every((secret) => secret !== undefined) ?? true) &&
    (raw.username === undefined) === (username === undefined);
  if (!isWhole) return undefined;
  return { ...raw, ...(secrets ? { secrets } : {}), ...(username ? { username } : {}) };
}
