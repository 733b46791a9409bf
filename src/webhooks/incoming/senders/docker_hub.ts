import * as z from "zod";
import { checkShape } from "../check_shape.ts";
import { pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const payload = z.object({
  push_data: z.object({ tag: z.string() }),
  repository: z.object({ repo_name: z.string() }),
});

/**
 * Docker Hub: one event a push of a tag, and nothing else. There is no signature, no header and no identifier. `callback_url`
 * is not asked: it is no longer in use, and whoever knew the path's secret could make us ask anything.
 * https://docs.docker.com/docker-hub/repos/manage/webhooks/
 */
export const dockerHub: Sender = { title: "Docker Hub", proofs: ["path"], read };

function read({ body }: Message): Received {
  const { push_data, repository } = checkShape(payload, body);
  return pushed([{
    registry: "docker.io",
    repository: repository.repo_name,
    tag: push_data.tag,
  }]);
}
