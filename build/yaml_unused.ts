/**
 * Replaces the parts of the package yaml that the Worker does not use: the writing of YAML, and the tags of other schemas than
 * `failsafe`. The classes of its nodes refer to them, so that no bundler can leave them out. build/slim_packages.ts.
 */

export const stringify = fail;
export const stringifyCollection = fail;
export const stringifyDocument = fail;
export const stringifyNumber = fail;
export const stringifyPair = fail;
export const stringifyString = fail;
/** For keys that are no text, which src/config/read_yaml.ts rejects. */
export const createStringifyContext = fail;

/** Schemas are lists of tags. */
export const schema: readonly never[] = [];
export const binary = undefined;
export const boolTag = undefined;
export const float = undefined;
export const floatExp = undefined;
export const floatNaN = undefined;
export const floatTime = undefined;
export const int = undefined;
export const intHex = undefined;
export const intOct = undefined;
export const intTime = undefined;
export const omap = undefined;
export const pairs = undefined;
export const set = undefined;
export const timestamp = undefined;

function fail(): never {
  throw new TypeError("this build does not write YAML");
}
