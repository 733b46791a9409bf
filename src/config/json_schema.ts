import * as z from "zod";
import { admissionConfigSchema } from "./read_admission.ts";
import { configSchema } from "./schema.ts";
import { UNREAD_KEYS } from "./unread_keys.ts";

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  additionalProperties?: unknown;
  [keyword: string]: unknown;
}

const fileSchema = configSchema.extend({ admission: admissionConfigSchema.optional() });

/** Plain numbers and flags are text where text is expected. */
const TEXT_TYPES = ["string", "number", "boolean"];

/** The JSON Schema of `crossdock.yaml`, for editors. It allows `x-` keys; ignored keys of regsync are deprecated. */
export function syncConfigJsonSchema(): unknown {
  const schema = z.toJSONSchema(fileSchema, {
    target: "draft-7",
    override({ jsonSchema, path }): void {
      if (jsonSchema.additionalProperties === false) jsonSchema.patternProperties = { "^x-": {} };
      const isText = jsonSchema.type === "string" && !jsonSchema.enum && !jsonSchema.const &&
        path.at(-1) !== "propertyNames";
      if (isText) Object.assign(jsonSchema, { type: TEXT_TYPES });
    },
  }) as JsonSchema;
  const { creds, defaults, sync } = schema.properties ?? {};
  const parts = { creds: creds?.items, defaults, sync: sync?.items };
  for (const [part, keys] of Object.entries(UNREAD_KEYS)) {
    const { properties } = parts[part as keyof typeof parts] ?? {};
    for (const [key, { then, why }] of Object.entries(keys)) {
      if (properties && then === "warn") {
        properties[key] = { deprecated: true, description: `Ignored: ${why}` };
      }
    }
  }
  return { ...schema, title: "crossdock.yaml" };
}
