import { ParseError } from "../errors.ts";

/** A mistake on the command line. Its hint names flags of the command, unlike the hints of the engine, which must be rewritten. */
export class UsageError extends ParseError {}
