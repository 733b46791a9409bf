/** What the API learns about a request from the app that it is mounted in. */
import { getPath } from "hono/utils/url";

interface Mounted {
  /** The path below the mount. */
  readonly path: string;
  readonly requestId: string | undefined;
}

const mounted = new WeakMap<Request, Mounted>();

export function setMounted(request: Request, values: Mounted): void {
  mounted.set(request, values);
}

/** The path of a request, without the path of the mount. */
export function getMountedPath(request: Request): string {
  return mounted.get(request)?.path ?? getPath(request);
}

/** The id that the outer app has given to a request, by hono's `requestId` middleware. */
export function getOuterRequestId(request: Request): string | undefined {
  return mounted.get(request)?.requestId;
}
