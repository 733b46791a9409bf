import type { Sender } from "./sender.ts";
import { artifactory } from "./senders/artifactory.ts";
import { artifactRegistry } from "./senders/artifact_registry.ts";
import { azureContainerRegistry } from "./senders/azure_container_registry.ts";
import { azureEventGrid } from "./senders/azure_event_grid.ts";
import { distribution } from "./senders/distribution.ts";
import { dockerHub } from "./senders/docker_hub.ts";
import { ecr } from "./senders/ecr.ts";
import { gitea } from "./senders/gitea.ts";
import { github } from "./senders/github.ts";
import { harbor } from "./senders/harbor.ts";
import { nexus } from "./senders/nexus.ts";
import { plain } from "./senders/plain.ts";
import { quay } from "./senders/quay.ts";

/** All senders by name. A hook whose name is that of a sender needs no key `sender`. */
export const senders = {
  "acr": azureContainerRegistry,
  "artifact-registry": artifactRegistry,
  "artifactory": artifactory,
  "distribution": distribution,
  "docker-hub": dockerHub,
  "ecr": ecr,
  "event-grid": azureEventGrid,
  "gitea": gitea,
  "github": github,
  "harbor": harbor,
  "nexus": nexus,
  "plain": plain,
  "quay": quay,
} as const satisfies Readonly<Record<string, Sender>>;

export type SenderName = keyof typeof senders;

/** Whether there is a sender with that name. */
export function isSenderName(text: string): text is SenderName {
  return Object.hasOwn(senders, text);
}
