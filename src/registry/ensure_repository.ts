/**
 * Sends the POST that mounts a blob or opens an upload. If the repository does not exist and a `createRepository` callback is
 * configured, creates the repository and sends the POST again.
 */
import { abortable } from "../abortable.ts";
import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import { SilenceTimer } from "../streams/silence.ts";
import { quirksOf } from "./quirks.ts";
import { hasErrorCode } from "./registry_error.ts";
import type { RepositoryContext, RepositoryRequest } from "./repository_context.ts";
import type { CreateRepository } from "./request.ts";

/**
 * Sends the POST of an upload or a mount.
 *
 * A registry reports a missing repository in one of two ways: by NAME_UNKNOWN, or by closing the connection without a response
 * (`needsRepository` in `quirks.ts`). So a closed connection is retried only once the repository is known to exist.
 *
 * @throws CrossdockError `not_found` if the repository does not exist; any error of `createRepository`
 */
export async function sendEnsured(
  context: RepositoryContext,
  request: RepositoryRequest,
): Promise<Response> {
  const { client, repository, send } = context;
  const mayCreate = client.createRepository !== undefined && !client.created.has(repository);
  try {
    return await send(
      mayCreate
        ? { ...request, mayRepeat: (error) => !isCut(error) && mayRepeat(request, error) }
        : request,
    );
  } catch (error) {
    if (hasErrorCode(error, "NAME_UNKNOWN")) {
      if (!(await ensureRepository(context, request.signal))) throw explainAbsence(context, error);
    } else if (mayCreate && isCut(error)) {
      await ensureRepository(context, request.signal);
    } else {
      throw explainCut(context, error);
    }
  }
  return await send(request);
}

function mayRepeat({ mayRepeat = true }: RepositoryRequest, error: unknown): boolean {
  return typeof mayRepeat === "function" ? mayRepeat(error) : mayRepeat;
}

/** Creates a repository once for all waiting blobs. A later call tries again after a failure. */
async function ensureRepository(
  context: RepositoryContext,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { client: { created, createRepository }, repository } = context;
  if (!createRepository) return false;
  let creating = created.get(repository);
  if (!creating) {
    creating = create(context, createRepository);
    created.set(repository, creating);
    creating.catch(() => created.delete(repository));
  }
  return await abortable(creating, signal);
}

/** Does not take the caller's signal: other callers may wait for the same result. */
async function create(
  { client, name, repository }: RepositoryContext,
  createRepository: CreateRepository,
): Promise<boolean> {
  const { registry, side, timeoutMs } = client;
  const silence = new AbortController();
  const timer = new SilenceTimer(timeoutMs, () => {
    silence.abort(new SilenceError(`create repository ${name}`, timeoutMs, { side }));
  });
  timer.restart();
  try {
    return await createRepository({ registry, repository }, { signal: silence.signal });
  } catch (error) {
    if (error instanceof CrossdockError) error.side ??= side;
    throw error;
  } finally {
    timer.close();
  }
}

function isCut(error: unknown): error is NetworkError {
  return error instanceof NetworkError && error.failure === "reset";
}

function explainAbsence({ client, name }: RepositoryContext, cause: CrossdockError): Error {
  const { side, registry } = client;
  return new CrossdockError("not_found", cause.message, {
    cause,
    side,
    hint: hintFor(registry, name),
  });
}

/** Explains a closed connection at a registry that closes connections when the repository does not exist. */
function explainCut({ client, name }: RepositoryContext, error: unknown): unknown {
  const { side, registry } = client;
  if (!isCut(error) || !quirksOf(registry).needsRepository) return error;
  return new NetworkError(error.failure, error.message, {
    cause: error,
    side,
    hint: `${registry} closes the connection when ${hintFor(registry, name)}`,
  });
}

function hintFor(registry: string, name: string): string {
  return `the repository does not exist: create ${name}` +
    (quirksOf(registry).needsRepository ? ", or enable the creation of repositories on push" : "");
}
