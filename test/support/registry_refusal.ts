/** Error responses of the registry. */

/**
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes and, at the end,
 * the codes that CNCF distribution adds.
 */
export type RefusalCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "PAGINATION_NUMBER_INVALID";

export interface RefusalEntry {
  code: RefusalCode;
  message: string;
  detail?: unknown;
}

/** Thrown while a request is handled, and sent as an error body of the spec. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly entries: readonly RefusalEntry[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    entries: readonly RefusalEntry[],
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(`${status} ${entries.map((entry) => `${entry.code}: ${entry.message}`).join(", ")}`);
    this.status = status;
    this.entries = entries;
    this.headers = headers;
  }

  toResponse(): Response {
    return Response.json({ errors: this.entries }, { status: this.status, headers: this.headers });
  }
}

/** A refusal with one error. */
export function refusal(
  status: number,
  code: RefusalCode,
  message: string,
  options: { detail?: unknown; headers?: Record<string, string> } = {},
): Refusal {
  const entry = options.detail === undefined
    ? { code, message }
    : { code, message, detail: options.detail };
  return new Refusal(status, [entry], options.headers);
}
