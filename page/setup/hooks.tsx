import type { JSX } from "preact";
import type { HookInfo, HookRefusal } from "../../src/config/setup.ts";
import { Fact } from "../parts/facts.tsx";
import { CodeBlock, CopyButton, State, When } from "../parts/text.tsx";
import type { Kind } from "../parts/text.tsx";
import { PROOFS, SENDERS } from "./senders.ts";

/** The webhooks that registries call: their URLs, their last requests, and how to set them up. */
export function Hooks(
  { hooks, isForgetful }: {
    readonly hooks: readonly HookInfo[];
    /** Whether the server knows only a part of the requests. */
    readonly isForgetful: boolean;
  },
): JSX.Element {
  const isLocal = /^(localhost|127\.|\[::1\])/.test(location.hostname);
  return (
    <section>
      <h2>Webhooks</h2>
      {hooks.length === 0
        ? (
          <p class="quiet">
            No webhook is configured, so rules run only on their schedules. Add one to{" "}
            <code>webhooks.in</code> in crossdock.yaml to copy each push at once.
          </p>
        )
        : (
          <p class="quiet">
            A registry sends an event for each push to the URL below, which begins with the address
            of this page. {isLocal &&
              "Other machines cannot reach this address: use the public one of this server. "}
            {isForgetful
              ? "Each isolate of the Worker knows only its own requests, so the last ones can be missing here."
              : "Requests are known since the server started."}
          </p>
        )}
      {hooks.map((hook) => <Hook key={hook.hook} {...hook} />)}
    </section>
  );
}

function Hook(
  { hook, path, sender, place, proof, lastEvent, lastRefusal }: HookInfo,
): JSX.Element {
  const { name, steps, code } = SENDERS[sender] ?? { name: sender, steps: [] };
  const { text, header } = PROOFS[proof] ?? { text: "", header: "" };
  const url = new URL(path, location.href).href;
  const isRefused = lastRefusal !== undefined && lastRefusal.at >= (lastEvent?.at ?? 0);
  return (
    <article class="hook">
      <h3>{hook}</h3>
      <dl class="facts">
        <Fact name="URL">
          <code>{url}</code>{" "}
          <CopyButton text={url} label={`Copy the URL of ${hook}`}>Copy</CopyButton>
        </Fact>
        <Fact name="Sender">{name}</Fact>
        <Fact name="Registry">
          <code>{place}</code>
        </Fact>
        <Fact name="Last event">
          {lastEvent
            ? (
              <>
                <State kind={EVENTS[lastEvent.state][0]}>{lastEvent.state}</State>{" "}
                <When at={lastEvent.at} />: {lastEvent.why ?? EVENTS[lastEvent.state][1]}
              </>
            )
            : <span class="quiet">none</span>}
        </Fact>
        <Fact name="Last refusal">
          {lastRefusal
            ? (
              <>
                <State kind={isRefused ? "bad" : "none"}>rejected</State>{" "}
                <When at={lastRefusal.at} />: {lastRefusal.detail}
                <p class="hint">{advise(lastRefusal, sender)}</p>
              </>
            )
            : <span class="quiet">none</span>}
        </Fact>
      </dl>
      <details>
        <summary>Set it up: {name}</summary>
        <ol>
          {steps.map((step) => <li key={step}>{step}</li>)}
        </ol>
        <p>
          {text} {header && !code && (
            <>
              The header is <code>{header}</code>
            </>
          )}
        </p>
        {code && <CodeBlock text={code(url, header)} label={name} />}
      </details>
    </article>
  );
}

const EVENTS = {
  accepted: ["good", "rules ran for it"],
  ignored: ["none", "no rule ran for it"],
  answered: ["none", "a test of the sender"],
} as const satisfies Readonly<Record<string, readonly [Kind, string]>>;

function advise({ code, hint }: HookRefusal, sender: string): string {
  if (hint !== undefined) return hint;
  switch (code) {
    case "not_found":
      return "Paste the URL again at the sender, with the secret of webhooks.in at its end.";
    case "limit":
      return "The event is too long. Let the sender send fewer repositories or tags at once.";
    default:
      return `Check that the events come from the sender that webhooks.in names: ${sender}.`;
  }
}
