import type { JSX } from "preact";
import type { HookInfo, HookRefusal } from "../../src/config/setup.ts";
import { Fact } from "../parts/facts.tsx";
import { CodeBlock, CopyButton, State, When } from "../parts/text.tsx";
import type { Kind } from "../parts/text.tsx";
import { PROOFS, SENDERS } from "./senders.ts";

/** The webhooks that registries call: their URLs, their last requests, and how to set them up. */
export function Hooks({ hooks }: { readonly hooks: readonly HookInfo[] }): JSX.Element {
  const isLocal = /^(localhost|127\.|\[::1\])/.test(location.hostname);
  return (
    <section>
      <h2>Webhooks</h2>
      {hooks.length === 0 && (
        <p class="quiet">
          None, so rules run only on their schedules. <code>webhooks.in</code>{" "}
          in crossdock.yaml adds them.
        </p>
      )}
      {hooks.length > 0 && isLocal && (
        <p>
          <State kind="warn">local address</State>{" "}
          Other machines cannot reach the URLs below: open this page at its public address.
        </p>
      )}
      <div class="hooks">
        {hooks.map((hook) => <Hook key={hook.hook} {...hook} />)}
      </div>
    </section>
  );
}

function Hook(
  { hook, path, sender, place, proof, lastEvent, lastRefusal }: HookInfo,
): JSX.Element {
  const { name, steps, code } = SENDERS[sender] ?? { name: sender, steps: [] };
  const [text, header] = PROOFS[proof] ?? ["", ""];
  const url = new URL(path, location.href).href;
  const isRefused = lastRefusal && lastRefusal.at >= (lastEvent?.at ?? 0);
  return (
    <article class="hook">
      <h3>{hook}</h3>
      <dl class="pairs">
        <Fact name="URL">
          <code>{url}</code> <CopyButton text={url} label={`Copy the URL of ${hook}`} />
        </Fact>
        <Fact name="Events of">
          {name}: <code>{place}</code>
        </Fact>
        <Fact name="Last event">
          {lastEvent
            ? (
              <>
                <State kind={EVENTS[lastEvent.state][0]}>{lastEvent.state}</State>{" "}
                <When at={lastEvent.at} />: {lastEvent.why ?? EVENTS[lastEvent.state][1]}
              </>
            )
            : "none"}
        </Fact>
        {lastRefusal && (
          <Fact name="Last refusal">
            <State kind={isRefused ? "bad" : "none"}>rejected</State> <When at={lastRefusal.at} />:
            {" "}
            {lastRefusal.detail}
            <p class="hint">{advise(lastRefusal)}</p>
          </Fact>
        )}
      </dl>
      <details>
        <summary>How to set up {name}</summary>
        <ol>
          {steps.map((step) => <li key={step}>{step}</li>)}
        </ol>
        {code ? <CodeBlock text={code(url, header)} label={name} /> : /^[AH]/.test(header) && (
          <p>
            <code>{header}</code>
          </p>
        )}
        <p>{text}</p>
      </details>
    </article>
  );
}

const EVENTS = {
  accepted: ["good", "rules ran for it"],
  ignored: ["none", "no rule ran for it"],
  answered: ["none", "a test of the sender"],
} as const satisfies Readonly<Record<string, readonly [Kind, string]>>;

function advise({ code, hint }: HookRefusal): string {
  return hint ??
    (code === "not_found"
      ? "paste the URL again at the sender, with the secret of webhooks.in"
      : code === "limit"
      ? "let the sender send fewer pushes in one event"
      : "check the sender in webhooks.in");
}
