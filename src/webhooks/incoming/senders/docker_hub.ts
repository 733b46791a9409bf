import * as z from "zod";
import { checkShape } from "../check_shape.ts";
import { pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const payload = z.object({
  push_data: z.object({ tag: z.string() }),
  repository: z.object({ repo_name: z.string() }),
});

/**
 * Docker Hub sends one event for each push of a tag, without a signature, header or identifier. `callback_url` is not requested: it is
 * no longer in use, and a caller with the path's secret could send requests anywhere with it.
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
