/** The Worker that bench/workerd.ts measures: performs the step in the request. */
import { createEngine } from "../src/engine.ts";
import { createWorkerdRuntime } from "../src/hosts/workerd.ts";

export default {
  async fetch(request: Request): Promise<Response> {
    const engine = createEngine({ runtime: createWorkerdRuntime() });
    return Response.json(await engine.perform(await request.json()));
  },
};
