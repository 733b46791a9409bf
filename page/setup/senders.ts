/** What to do at each sender of webhooks. docs/webhooks.md has the sources. */

export interface Sender {
  readonly name: string;
  readonly steps: readonly string[];
  /** A command, or a part of a configuration, to copy. */
  readonly code?: (url: string, header: string) => string;
}

export const SENDERS: Readonly<Record<string, Sender>> = {
  "docker-hub": {
    name: "Docker Hub",
    steps: ["Repository → Webhooks: enter a name and the URL.", "Push a tag to test it."],
  },
  github: {
    name: "GitHub",
    steps: [
      "Settings → Webhooks of the repository or organization: add a webhook.",
      "Enter the URL as payload URL, and the secret. Content type: application/json.",
      "Select individual events: only Packages or Registry packages.",
      "Save. The ping of GitHub appears above as an ignored event.",
    ],
  },
  quay: {
    name: "Quay",
    steps: [
      "Repository → Settings → Events and Notifications: create a notification.",
      "Event: Push to Repository. Method: Webhook POST. Enter the URL, and no template.",
    ],
  },
  harbor: {
    name: "Harbor",
    steps: [
      "Project → Webhooks: add a webhook with the notify type http.",
      "Event: Artifact pushed. Enter the URL as endpoint.",
      "Auth header: the value of the header below.",
    ],
  },
  distribution: {
    name: "CNCF distribution or GitLab",
    steps: [
      "Add this to the registry's configuration. For GitLab: registry['notifications'] in gitlab.rb.",
      "Restart the registry, and push an image.",
    ],
    code: (url, header) =>
      `notifications:
  endpoints:
    - name: crossdock
      url: ${url}
      headers:
        ${header.replace(": ", ": [")}]
      timeout: 5s
      threshold: 5
      backoff: 1s`,
  },
  acr: {
    name: "Azure Container Registry",
    steps: ["Run this command, with the name of the registry."],
    code: (url, header) =>
      `az acr webhook create --registry NAME --name crossdock --actions push \\
  --uri ${url} --headers "${header.replace(": ", "=")}"`,
  },
  "event-grid": {
    name: "Azure Event Grid",
    steps: [
      "Create an event subscription of the registry for Microsoft.ContainerRegistry.ImagePushed.",
      "Enter the URL as webhook endpoint. The handshake of Azure appears above as an answered event.",
    ],
  },
  ecr: {
    name: "Amazon ECR",
    steps: [
      "In EventBridge, create a connection: an API key (the header and the secret) or Basic.",
      "Create an API destination with this connection and the URL. Method: POST.",
      "Create a rule with this event pattern, the API destination as target, and no input transformer.",
    ],
    code: () =>
      `{"source": ["aws.ecr"],
 "detail-type": ["ECR Image Action", "ECR Referrer Action"],
 "detail": {"action-type": ["PUSH"]}}`,
  },
  "artifact-registry": {
    name: "Google Artifact Registry",
    steps: ["Create the Pub/Sub topic gcr, unless it exists.", "Run this command."],
    code: (url) =>
      `gcloud pubsub subscriptions create crossdock --topic gcr \\
  --push-endpoint ${url} \\
  --push-auth-service-account EMAIL --push-auth-token-audience AUDIENCE`,
  },
  gitea: {
    name: "Gitea or Forgejo",
    steps: [
      "Settings → Webhooks of the organization or repository: add one for Gitea or Forgejo.",
      "Enter the URL and the secret. Method: POST. Content type: application/json.",
      "Select the event Package.",
    ],
  },
  artifactory: {
    name: "JFrog Artifactory",
    steps: [
      "Platform → Integrations → Webhooks: add a webhook with the URL.",
      "Event: Docker tag was pushed.",
      "Enter the secret token, and turn on Use secret for payload signing.",
    ],
  },
  nexus: {
    name: "Nexus Repository",
    steps: [
      "Administration → System → Capabilities: add Webhook: Repository.",
      "Select the Docker repository, and the event types component and asset.",
      "Enter the URL and the secret key.",
    ],
  },
  plain: {
    name: "plain requests",
    steps: ["Send such a request for each push. Without a tag, rules run for all tags."],
    code: (url, header) =>
      `curl ${url} -H "${header}" \\
  -d '{"repository": "REGISTRY/REPOSITORY", "tag": "TAG"}'`,
  },
};

/** Where the secret goes, by the kind of proof. */
export const PROOFS: Readonly<Record<string, readonly [text: string, header: string]>> = {
  signature: [
    "The sender signs each event with the secret of webhooks.in.",
    "webhook-signature: by Standard Webhooks",
  ],
  header: ["HEADER is the name in webhooks.in, and SECRET one of the secrets.", "HEADER: SECRET"],
  bearer: ["SECRET is one of the secrets in webhooks.in.", "Authorization: Bearer SECRET"],
  basic: ["BASE64 is the encoded username:secret of webhooks.in.", "Authorization: Basic BASE64"],
  google: ["EMAIL and AUDIENCE are in webhooks.in.", ""],
  path: ["SECRET in the URL is one of the secrets in webhooks.in.", ""],
};
