/** Exit codes. Each class of failure has its own, so that scripts can distinguish them. */
import type { ErrorCode } from "../../errors.ts";

export const EXIT_DONE = 0;
/** An unexpected error, which is a bug in crossdock. */
export const EXIT_BUG = 1;
/** The reader of stdout has closed it: as after SIGPIPE, 128 plus 13. */
export const EXIT_CLOSED_OUTPUT = 141;
/** `crossdock verify` or `crossdock sync --status` found differences, or `crossdock sync --strict` missing referrers. */
export const EXIT_DIFFERENT = 12;
/** `crossdock sync`: some tags failed, the rest is done. With `--status` some could not be compared. */
export const EXIT_SOME_FAILED = 13;
/** `crossdock sync`: everything failed. With `--status` nothing could be compared. */
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
  rejected: 15,
  limit: EXIT_UNSUPPORTED,
  integrity: 7,
  network: EXIT_NETWORK,
  tls: EXIT_NETWORK,
  timeout: 9,
  rate_limited: 10,
  registry: 11,
  aborted: 130,
};

/** Signals that stop a command, with the exit codes that shells use: 128 plus the signal's number. */
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

/** The exit codes as `crossdock --help` shows them. */
export const EXIT_CODES_HELP = `Exit codes:
    0  success
    1  unexpected error: a bug in crossdock
    2  usage: an invalid name, option or file
    3  credentials are missing, rejected, or not allowed to do this
    4  not found; sync --strict: a named tag or a rule matches no tag
    5  conflict: the destination tag points to something else
    6  the content is not supported or exceeds a limit; sync --strict:
       prune.maxShare held back tags
    7  integrity: bytes do not match their digest or size
    8  network or TLS error
    9  timeout: the other side sent nothing for too long
   10  rate limited; sync: a rule was postponed and nothing failed
   11  unexpected response from a registry or server
   12  verify or sync --status found differences; --strict: signatures
       or other referrers did not arrive
   13  sync: some tags or rules failed, the rest is done
   14  sync: all tags and rules failed
   15  the admission policy rejected the image
  130  stopped by Ctrl-C (143: by SIGTERM)
  141  the reader of stdout has closed it, as in "crossdock tags ... | head"`;
