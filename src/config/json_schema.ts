import * as z from "zod";
import { configSchema } from "./schema.ts";
import { UNREAD_KEYS } from "./unread_keys.ts";

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  additionalProperties?: unknown;
  [keyword: string]: unknown;
}

/** The config as a JSON Schema, for editors: with `x-` keys allowed, and regsync's keys that are not read as deprecated. */
export function syncConfigJsonSchema(): unknown {
  const schema = z.toJSONSchema(configSchema, {
    target: "draft-7",
    override({ jsonSchema }): void {
      if (jsonSchema.additionalProperties === false) jsonSchema.patternProperties = { "^x-": {} };
    },
  }) as JsonSchema;
  const { creds, defaults, sync } = schema.properties ?? {};
  const parts = { creds: creds?.items, defaults, sync: sync?.items };
  for (const [part, keys] of Object.entries(UNREAD_KEYS)) {
    const { properties } = parts[part as keyof typeof parts] ?? {};
    for (const [key, { then, why }] of Object.entries(keys)) {
      if (properties && then === "warn") {
        properties[key] = { deprecated: true, description: `Not read: ${why}` };
      }
    }
  }
  return { ...schema, title: "crossdock.yaml" };
}
