/** What the program ends with: each class of failure has a code of its own, so that scripts can tell them apart. */
import type { ErrorCode } from "../../errors.ts";

export const EXIT_DONE = 0;
/** An error that crossdock did not foresee. */
export const EXIT_BUG = 1;
/** `crossdock verify` or `crossdock sync --status` found differences. */
export const EXIT_DIFFERENT = 12;
/** `crossdock sync`: some of it failed; the rest is done. */
export const EXIT_SOME_FAILED = 13;
/** `crossdock sync`: all of it failed. */
export const EXIT_ALL_FAILED = 14;

const EXIT_USAGE = 2;
const EXIT_ACCESS = 3;
const EXIT_UNSUPPORTED = 6;
const EXIT_NETWORK = 8;

const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  usage: EXIT_USAGE,
  unauthorized: EXIT_ACCESS,
  denied: EXIT_ACCESS,
  not_found: 4,
  conflict: 5,
  unsupported: EXIT_UNSUPPORTED,
  limit: EXIT_UNSUPPORTED,
  integrity: 7,
  network: EXIT_NETWORK,
  tls: EXIT_NETWORK,
  timeout: 9,
  rate_limited: 10,
  registry: 11,
  aborted: 130,
};

/** Signals that stop a command, and the code that shells give for each: 128 and its number. */
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that stops a command. */
export type StopSignal = keyof typeof SIGNAL_EXIT_CODES;

/** The exit code for an error's code. */
export function exitCodeOf(code: ErrorCode): number {
  return EXIT_CODES[code];
}

/** The exit code after a signal. */
export function exitCodeOfSignal(name: StopSignal): number {
  return SIGNAL_EXIT_CODES[name];
}

/** The codes as `crossdock --help` shows them. */
export const EXIT_CODES_HELP = `Exit codes:
    0  done
    1  unexpected error: a bug in crossdock
    2  usage: a name, an option or a file that cannot be used; nothing was sent
    3  a credential is missing, not accepted, or may not do this
    4  not found
    5  conflict: the destination holds something else
    6  the content cannot be copied as asked, or exceeds a limit
    7  integrity: bytes do not match their digest or size
    8  network or TLS
    9  timeout: the other side went silent
   10  rate limited; sync: a rule was put off for that, and nothing failed
   11  the registry answered as it should not
   12  verify or sync --status found differences
   13  sync: some of it failed; the rest is done
   14  sync: all of it failed
  130  stopped by Ctrl-C (143 by SIGTERM)`;
