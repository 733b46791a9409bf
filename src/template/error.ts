import { ParseError } from "../errors.ts";

/** A fault of a template, with its place. It never shows a value. */
export function templateError(fault: string, at: number, hint?: string): ParseError {
  return new ParseError(`template, character ${at + 1}: ${fault}`, hint ? { hint } : {});
}
