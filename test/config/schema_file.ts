import { fileURLToPath } from "node:url";
import { syncConfigJsonSchema } from "../../src/config/json_schema.ts";

/** The file with the schema of `crossdock.yaml`, for editors. */
export const schemaFile = fileURLToPath(
  new URL("../../docs/crossdock.schema.json", import.meta.url),
);

/** The content that it must have. */
export function schemaText(): string {
  return `${JSON.stringify(syncConfigJsonSchema(), null, 2)}\n`;
}
