/**
 * The POST that mounts a blob or opens an upload: where the repository turns out not to exist, it is created, if that was
 * asked for, and the POST is sent again.
 */
import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import { SilenceTimer } from "../streams/silence.ts";
import { quirksOf } from "./quirks.ts";
import { hasErrorCode } from "./registry_error.ts";
import type { RepositoryContext, RepositoryRequest } from "./repository_context.ts";
import type { CreateRepository } from "./request.ts";

/**
 * Sends the POST of an upload or a mount.
 *
 * An absent repository shows in one of two ways: by NAME_UNKNOWN, or by a connection that is cut without an answer
 * (`needsRepository` in `quirks.ts`). So a cut is not tried again before the repository is known to be there.
 *
 * @throws CrossdockError `not_found` when the repository does not exist; whatever creating it threw
 */
export async function sendEnsured(
  context: RepositoryContext,
  request: RepositoryRequest,
): Promise<Response> {
  const { client, repository, send } = context;
  const mayCreate = client.createRepository !== undefined && !client.created.has(repository);
  try {
    return await send(mayCreate ? { ...request, mayRepeat: (error) => !isCut(error) } : request);
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

/** One attempt a repository, however many blobs wait for it; one that failed is not the last. */
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
  const isThere = await creating;
  signal?.throwIfAborted();
  return isThere;
}

/** Without a caller's signal: others may wait for the answer. */
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

/** A cut that outlasted its retries, where that is how an absent repository shows. */
function explainCut({ client, name }: RepositoryContext, error: unknown): unknown {
  const { side, registry } = client;
  if (!isCut(error) || !quirksOf(registry).needsRepository) return error;
  return new NetworkError(error.failure, error.message, {
    cause: error,
    side,
    hint: `${registry} cuts the connection when ${hintFor(registry, name)}`,
  });
}

function hintFor(registry: string, name: string): string {
  return `the repository does not exist: create ${name}` +
    (quirksOf(registry).needsRepository ? ", or turn on the creation of repositories on push" : "");
}
