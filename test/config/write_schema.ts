/** Writes docs/crossdock.schema.json: `deno task schema`. */
import { writeFileSync } from "node:fs";
import { schemaFile, schemaText } from "./schema_file.ts";

writeFileSync(schemaFile, schemaText());
