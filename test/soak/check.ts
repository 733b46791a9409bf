/** Counts one check. `failure` says what is wrong; `undefined` means that it passed. */
export type Check = (what: string, failure: string | undefined) => void;

export interface SoakOptions {
  readonly seed: number;
  readonly check: Check;
  readonly print: (line: string) => void;
}
