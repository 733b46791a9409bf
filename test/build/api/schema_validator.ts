import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { parsePlatform } from "../../../src/oci/platform.ts";
import { isRepositoryPath, parseReference, parseRepository } from "../../../src/oci/reference.ts";
import type { Api, Schema } from "../../../build/api/model.ts";

/** Returns the errors of a value against a schema of the document. */
export type Validate = (schema: Schema, value: unknown) => string[];

/** Validates by a library that the project itself does not use. Only the formats are the project's own. */
export function createValidator(document: Api): Validate {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
  formats.default(ajv);
  ajv.addFormat("oci-reference", parses(parseReference));
  ajv.addFormat("oci-repository", parses(parseRepository));
  ajv.addFormat("oci-repository-path", isRepositoryPath);
  ajv.addFormat("oci-platform", parses(parsePlatform));
  ajv.addFormat("crossdock-rule", true);
  ajv.addKeyword("components");
  ajv.addSchema({ $id: "https://crossdock.test/", components: document.components });
  return (schema, value) => {
    const text = JSON.stringify(schema).replaceAll('"#/', '"https://crossdock.test/#/');
    const validate = ajv.compile(JSON.parse(text));
    return validate(value)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
  };
}

function parses(parse: (text: string) => unknown): (text: string) => boolean {
  return (text) => {
    try {
      parse(text);
      return true;
    } catch {
      return false;
    }
  };
}
