/**
 * Replaces the parts of zod that bundles do not use: JSON schemas, and its own messages (src/schema.ts has ours). zod's schemas
 * refer to them, so that no bundler can leave them out. build/slim_packages.ts.
 */

/** The place of zod's messages. */
export default (): Record<string, never> => ({});

export const createToJSONSchemaMethod = fail;
export const createStandardJSONSchemaMethod = (): undefined => undefined;
export const toJSONSchema = fail;

function fail(): never {
  throw new TypeError("this build has no JSON schemas");
}
