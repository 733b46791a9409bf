import * as z from "zod";
import { checkShape } from "../check_shape.ts";
import type { PushFields } from "../event.ts";
import { ignored, pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";
import { WebhookError } from "../webhook_error.ts";
import { readAzurePush } from "./azure_container_registry.ts";

/** In Event Grid's schema (`eventType`) or CloudEvents' (`type`). */
const event = z.object({
  eventType: z.string().optional(),
  type: z.string().optional(),
  data: z.unknown(),
}).refine(({ eventType, type }) => eventType !== undefined || type !== undefined);

const validation = z.object({ validationCode: z.string().min(1) });

/**
 * Azure Container Registry through Event Grid, in both schemas. Event Grid creates a subscription only after a handshake: an event, or
 * an OPTIONS request with the schema of CloudEvents. The secret is part of the URL, because Event Grid documents custom headers for
 * events only and not for the handshake.
 * https://learn.microsoft.com/azure/event-grid/event-schema-container-registry,
 * https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema
 */
export const azureEventGrid: Sender = {
  title: "Azure Event Grid",
  proofs: ["path"],
  answerOptions,
  read,
};

/** https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md#4-abuse-protection */
function answerOptions(headers: Headers): Received {
  const origin = headers.get("webhook-request-origin");
  if (!origin) {
    throw new WebhookError(
      "usage",
      "answer handshake: the header WebHook-Request-Origin is missing",
    );
  }
  const allowed = { "webhook-allowed-origin": origin, "webhook-allowed-rate": "*" };
  return { kind: "answer", status: 200, headers: allowed, body: "" };
}

function read({ body }: Message): Received {
  const events = Array.isArray(body) ? checkShape(z.array(z.unknown()).min(1), body) : [body];
  const pushes: PushFields[] = [];
  let malformed: unknown;
  for (const one of events) {
    try {
      const { eventType, type, data } = checkShape(event, one);
      const name = eventType ?? type;
      if (name === "Microsoft.EventGrid.SubscriptionValidationEvent") return answerValidation(data);
      if (name === "Microsoft.ContainerRegistry.ImagePushed") pushes.push(readAzurePush(data));
    } catch (error) {
      // It must not reject the others, which Event Grid would not send again on their own.
      malformed ??= error;
    }
  }
  if (pushes.length > 0) return pushed(pushes);
  if (malformed) throw malformed;
  return ignored("not an image push");
}

/** The answer is enough, so `validationUrl` is not requested. */
function answerValidation(data: unknown): Received {
  const { validationCode } = checkShape(validation, data);
  return {
    kind: "answer",
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ validationResponse: validationCode }),
  };
}
