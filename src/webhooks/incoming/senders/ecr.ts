import * as z from "zod";
import { checkShape } from "../check_shape.ts";
import { ignored, pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const named = z.object({ source: z.string(), "detail-type": z.string() });

const imageAction = z.object({
  id: z.string(),
  account: z.string().regex(/^[0-9]{12}$/),
  region: z.string().regex(/^[a-z0-9-]{1,64}$/),
  detail: z.object({
    "action-type": z.string(),
    "result": z.string(),
    "repository-name": z.string(),
    "image-digest": z.string().optional(),
    "image-tag": z.string().optional(),
  }),
});

/**
 * Amazon ECR's events, which EventBridge posts to an API destination without an input transformer. The connection authenticates
 * them: an API key is the proof `header`, and Basic is `basic`.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 */
export const ecr: Sender = { title: "Amazon EventBridge", proofs: ["header", "basic"], read };

function read({ body }: Message): Received {
  const { source, "detail-type": type } = checkShape(named, body);
  // A referrer has an event type of its own, with the same detail.
  const isAction = type === "ECR Image Action" || type === "ECR Referrer Action";
  if (source !== "aws.ecr" || !isAction) return ignored("not an ECR image event");
  const { id, account, region, detail } = checkShape(imageAction, body);
  if (detail["action-type"] !== "PUSH" || detail.result !== "SUCCESS") return ignored("not a push");
  const suffix = region.startsWith("cn-") ? ".cn" : "";
  return pushed([{
    registry: `${account}.dkr.ecr.${region}.amazonaws.com${suffix}`,
    repository: detail["repository-name"],
    tag: detail["image-tag"],
    digest: detail["image-digest"],
    id,
  }]);
}
