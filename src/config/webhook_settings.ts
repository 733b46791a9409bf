import * as z from "zod";
import { parsePlace } from "../webhooks/incoming/match.ts";
import type { OutgoingWebhook } from "../webhooks/outgoing/notice.ts";
import { proofSchema } from "../webhooks/incoming/proof.ts";
import { checkProof } from "../webhooks/incoming/sender.ts";
import type { Proof } from "../webhooks/incoming/proof.ts";
import { isSenderName, senders } from "../webhooks/incoming/senders.ts";
import type { SenderName } from "../webhooks/incoming/senders.ts";
import { safeParse } from "../schema.ts";
import type { ConfigNode } from "./config_node.ts";
import { describeUnknown, readKeys, readValue } from "./read_keys.ts";
import type { RenderAt } from "./render_at.ts";
import { incomingSchema, outerWebhooksSchema, outgoingSchema } from "./schema.ts";

/** A webhook that senders call after a push. Holds a secret: do not log it. */
interface IncomingWebhook {
  readonly sender: SenderName;
  /** The source of its events, for `locateEvent()`. */
  readonly place: string;
  readonly proof: Proof;
}

export interface WebhookSettings {
  /** By the name in the path of its URL: `/hooks/docker-hub`. */
  readonly incoming: ReadonlyMap<string, IncomingWebhook>;
  readonly outgoing: readonly OutgoingWebhook[];
}

const ALL_EVENTS: OutgoingWebhook["events"] = ["copied", "failed", "in_step"];

/** Senders with only one registry. */
const PLACES: Readonly<Partial<Record<SenderName, string>>> = {
  "docker-hub": "docker.io",
  "github": "ghcr.io",
  "quay": "quay.io",
};

/** Reads `webhooks`. */
export function readWebhooks(node: ConfigNode, render: RenderAt): WebhookSettings {
  readKeys(outerWebhooksSchema, node);
  const incoming = new Map<string, IncomingWebhook>();
  for (const [name, entry] of node.at("in").entries()) {
    const hook = readIncoming(name, entry, render);
    if (hook) incoming.set(name, hook);
  }
  const outgoing = node.at("out").items().map((entry) => readOutgoing(entry, render));
  return { incoming, outgoing: outgoing.filter((hook) => hook !== undefined) };
}

function readOutgoing(node: ConfigNode, render: RenderAt): OutgoingWebhook | undefined {
  const raw = readKeys(outgoingSchema, node);
  const url = render(node.at("url"));
  const { protocol = "", username = "", password = "" } = URL.parse(url ?? "") ?? {};
  if (url !== undefined && !/^https?:$/.test(protocol)) {
    node.at("url").addMistake("expected an http or https URL");
  } else if (username !== "" || password !== "") {
    // Hosts reject such a request with an error that quotes the URL.
    node.at("url").addMistake("expected a URL without a username and password; use secrets");
  }
  const secrets = renderAll(node.at("secrets"), render);
  // The mistake of an empty one is reported already.
  if (secrets.every((secret) => secret !== "")) {
    node.at("secrets").try(() => checkProof(senders.plain, { kind: "signature", secrets }));
  }
  return url === undefined ? undefined : { url, secrets, events: raw?.events ?? ALL_EVENTS };
}

const kindSchema = z.looseObject({
  kind: z.enum(incomingSchema.options.map(({ shape }) => shape.kind.value)),
});

function readIncoming(
  name: string,
  node: ConfigNode,
  render: RenderAt,
): IncomingWebhook | undefined {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) {
    node.addMistake("expected a-z, 0-9 and - in the name, because URLs have it", "key");
  }
  const kind = readValue(kindSchema, node)?.kind;
  const schema = incomingSchema.options.find(({ shape }) => shape.kind.value === kind);
  if (kind === undefined || !schema) return undefined;
  const { sender: _, place: __, ...raw } = readKeys<z.ZodRawShape>(schema, node) ?? {};
  const sender = readSender(name, node);
  const place = readPlace(sender, node);
  const { data: proof, error } = safeParse(proofSchema, {
    ...raw,
    ...("secrets" in schema.shape ? { secrets: renderAll(node.at("secrets"), render) } : {}),
    ...("username" in schema.shape ? { username: render(node.at("username")) ?? "" } : {}),
  }, { quotes: false });
  for (const issue of error?.issues ?? []) node.at(...issue.path).addMistake(issue.message);
  if (!sender) return undefined;
  // Whether the sender supports the kind does not depend on the other keys.
  node.at("kind").try(() => checkProof(senders[sender], proof ?? { kind }));
  return proof && place !== undefined ? { sender, place, proof } : undefined;
}

/** Reads `sender`, which is the name of the entry by default. */
function readSender(name: string, entry: ConfigNode): SenderName | undefined {
  const node = entry.at("sender");
  const sender = node.exists ? node.text : name;
  if (isSenderName(sender)) return sender;
  const unknown = describeUnknown("sender", sender, Object.keys(senders));
  if (node.exists) node.addMistake(unknown);
  else entry.addMistake(`${unknown}, or add the key sender`, "key");
  return undefined;
}

function readPlace(sender: SenderName | undefined, entry: ConfigNode): string | undefined {
  const node = entry.at("place");
  if (node.exists) return node.try(() => parsePlace(node.text));
  const place = sender && PLACES[sender];
  if (sender && place === undefined) node.addMistake("is missing");
  return place;
}

/** Renders secrets. One with a mistake becomes empty, so that the others keep their places. */
function renderAll(node: ConfigNode, render: RenderAt): string[] {
  return node.items().map((item) => render(item) ?? "");
}
