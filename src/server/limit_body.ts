import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { RequestError } from "../problem.ts";

/** Refuses a body that is longer. One of unknown length is read to its end first: whoever may not call is refused before. */
export function limitBody(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: () => {
      const detail = `the body is longer than ${maxSize} bytes`;
      throw new RequestError("limit", detail, { status: 413 });
    },
  });
}
