/** Reads `receipt` of `crossdock.yaml`: docs/receipts.md. */
import { formatReference, parseRegistry, parseRepository } from "../oci/reference.ts";
import { readReceiptKey } from "../receipts/key.ts";
import type { ReceiptSettings } from "../receipts/key.ts";
import type { ConfigNode } from "./config_node.ts";
import { readKeys } from "./read_keys.ts";
import type { RenderAt } from "./render_at.ts";
import { receiptSchema } from "./schema.ts";

/** Returns `undefined` if the file has none, or one with a mistake. */
export function readReceipt(file: ConfigNode, render: RenderAt): ReceiptSettings | undefined {
  // A key without a value is a mistake: it must not mean that there are no receipts.
  if (!Object.hasOwn(Object(file.value), "receipt")) return undefined;
  const node = file.at("receipt");
  const raw = readKeys(receiptSchema, node);
  const names = new Map<string, string>();
  for (const [registry, member] of node.at("names").entries()) {
    member.try(() => names.set(parseRegistry(registry), parseName(member.text)));
  }
  const text = raw?.key === undefined ? undefined : render(node.at("key"));
  if (text === undefined) return undefined;
  const key = readReceiptKey(text.trim());
  if (typeof key !== "string") return { key, names };
  node.at("key").addMistake(key);
  return undefined;
}

/** Reads `registry` or `registry/path`. */
function parseName(text: string): string {
  const end = "/a/a";
  const name = formatReference(parseRepository(text + end)).slice(0, -end.length);
  // A single word would be a repository of Docker Hub.
  parseRegistry(text.split("/")[0] ?? "");
  return name;
}
