import { ParseError } from "../errors.ts";

/** Creates the error for a fault of a template, with its place. It never contains a value. */
export function templateError(fault: string, at: number, hint?: string): ParseError {
  return new ParseError(`template, character ${at + 1}: ${fault}`, hint ? { hint } : {});
}
