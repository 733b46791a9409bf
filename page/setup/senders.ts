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
    steps: [
      "Open the repository at Docker Hub, then Webhooks.",
      "Enter a name and the URL, and save.",
      "Push a tag: Docker Hub sends nothing else.",
    ],
  },
  github: {
    name: "GitHub",
    steps: [
      "Open Settings → Webhooks of the repository or of the organization, and add a webhook.",
      "Payload URL: the URL above. Content type: application/json. Secret: the secret.",
      "Select individual events: only Packages, or Registry packages.",
      "Save. GitHub sends a ping, which appears here as an ignored event.",
    ],
  },
  quay: {
    name: "Quay",
    steps: [
      "Open Settings → Events and Notifications of the repository, and create a notification.",
      "Event: Push to Repository. Method: Webhook POST. Enter the URL, and no template.",
      "Test Notification looks like a push of the tags latest and foo.",
    ],
  },
  harbor: {
    name: "Harbor",
    steps: [
      "Open the project → Webhooks, and add a webhook.",
      "Notify type: http. Payload format: Default or CloudEvents. Event: Artifact pushed.",
      "Endpoint URL: the URL above. Auth header: the value of Authorization, as below.",
    ],
  },
  distribution: {
    name: "CNCF distribution or GitLab",
    steps: [
      "Add the endpoint below to the registry's configuration. Self-managed GitLab has it as registry['notifications'] in gitlab.rb. GitLab.com has no webhook for images.",
      "Restart the registry, and push an image.",
    ],
    code: (url, header) => {
      const [name, value] = header.split(": ");
      return `notifications:\n  endpoints:\n    - name: crossdock\n      url: ${url}\n      headers:\n        ${name}: [${value}]\n      timeout: 5s\n      threshold: 5\n      backoff: 1s`;
    },
  },
  acr: {
    name: "Azure Container Registry",
    steps: [
      "Run the command below, with the name of the registry.",
      "Send a test with az acr webhook ping. It appears here as an ignored event.",
    ],
    code: (url, header) =>
      `az acr webhook create --registry NAME --name crossdock --actions push \\\n  --uri ${url} --headers "${
        header.replace(": ", "=")
      }"`,
  },
  "event-grid": {
    name: "Azure Event Grid",
    steps: [
      "Create an event subscription of the container registry.",
      "Filter to the event type Microsoft.ContainerRegistry.ImagePushed.",
      "Endpoint type: webhook. Endpoint: the URL above.",
      "Azure sends a handshake at once. It appears here as a test.",
    ],
  },
  ecr: {
    name: "Amazon ECR, through EventBridge",
    steps: [
      "Create a connection in EventBridge: an API key with the header's name and the secret, or Basic.",
      "Create an API destination with this connection, the URL above and the method POST.",
      "Create a rule with the event pattern below, and the API destination as its target. Use no input transformer.",
    ],
    code: () =>
      `{"source": ["aws.ecr"],\n "detail-type": ["ECR Image Action", "ECR Referrer Action"],\n "detail": {"action-type": ["PUSH"]}}`,
  },
  "artifact-registry": {
    name: "Google Artifact Registry",
    steps: [
      "Create the Pub/Sub topic gcr in the project of the repository, unless it exists.",
      "Run the command below. Service account and audience are those of webhooks.in.",
    ],
    code: (url) =>
      `gcloud pubsub subscriptions create crossdock --topic gcr \\\n  --push-endpoint ${url} \\\n  --push-auth-service-account PUSHER@PROJECT.iam.gserviceaccount.com \\\n  --push-auth-token-audience AUDIENCE`,
  },
  gitea: {
    name: "Gitea or Forgejo",
    steps: [
      "Open Settings → Webhooks of the organization, user or repository, and add a webhook for Gitea or Forgejo.",
      "Enter the URL. Method: POST. Content type: application/json. Secret: the secret.",
      "Select the event Package, and save.",
    ],
  },
  artifactory: {
    name: "JFrog Artifactory",
    steps: [
      "Open Platform → Integrations → Webhooks, and add a webhook.",
      "Enter the URL, and select the event Docker tag was pushed.",
      "Secret token: the secret. Turn on Use secret for payload signing: without it, requests are rejected.",
    ],
  },
  nexus: {
    name: "Nexus Repository",
    steps: [
      "Open Administration → System → Capabilities, and add Webhook: Repository.",
      "Select the Docker repository and the event types component and asset.",
      "Enter the URL and the secret key, and save.",
    ],
  },
  plain: {
    name: "any other sender",
    steps: ["Send a POST request for each push. Without a tag, rules run for all tags."],
    code: (url, header) =>
      `curl ${url} -H "${header}" \\\n  -d '{"repository": "REGISTRY/REPOSITORY", "tag": "TAG"}'`,
  },
};

/** Where the secret goes, by the kind of proof. A hook may have several secrets; each of them works. */
export const PROOFS: Readonly<Record<string, { readonly text: string; readonly header: string }>> =
  {
    signature: {
      text: "The secret is the one of webhooks.in. The sender signs each event with it.",
      header: "webhook-signature: SIGNATURE",
    },
    header: {
      text: "The header that webhooks.in names has the secret as its whole value.",
      header: "HEADER: SECRET",
    },
    bearer: {
      text: "SECRET stands for the secret of webhooks.in.",
      header: "Authorization: Bearer SECRET",
    },
    basic: {
      text: "User name and password are those of webhooks.in, encoded as base64.",
      header: "Authorization: Basic BASE64",
    },
    google: {
      text: "Google signs each event for the service account that webhooks.in names.",
      header: "",
    },
    path: {
      text: "Replace SECRET in the URL by the secret of webhooks.in.",
      header: "",
    },
  };
