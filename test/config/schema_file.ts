import { fileURLToPath } from "node:url";
import { syncConfigJsonSchema } from "../../src/config/json_schema.ts";

/** Where editors find the schema of `crossdock.yaml`. */
export const schemaFile = fileURLToPath(
  new URL("../../docs/crossdock.schema.json", import.meta.url),
);

/** What has to be in it. */
export function schemaText(): string {
  return `${JSON.stringify(syncConfigJsonSchema(), null, 2)}\n`;
}
