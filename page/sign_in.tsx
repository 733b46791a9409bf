import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../src/problem.ts";
import { ProblemBox } from "./parts/states.tsx";

/** Asks for a token of the API. As a dialog it lies above what was loaded before a token expired. */
export function SignIn(
  { wasRejected, isChecking, problem, onToken }: {
    /** Whether the server rejected a token: a wrong one, or one that has expired. */
    readonly wasRejected: boolean;
    readonly isChecking: boolean;
    /** Why a token could not be checked. */
    readonly problem?: Problem;
    readonly onToken: (token: string) => void;
  },
): JSX.Element {
  const [text, setText] = useState("");
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    if (!wasRejected) return;
    // The button had the focus, and was disabled during the check.
    input.current?.focus();
    input.current?.select();
  }, [wasRejected]);
  const token = text.trim();
  const mistake = token !== "" && !/^[\x21-\x7e]+$/.test(token)
    ? "A token has no spaces and only ASCII characters."
    : undefined;
  return (
    <dialog
      ref={dialog}
      class="sign-in"
      aria-labelledby="sign-in-title"
      onCancel={(event) => event.preventDefault()}
      // A browser closes a dialog at the second Escape in any case.
      onClose={({ currentTarget }) => currentTarget.showModal()}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (token !== "" && !mistake) onToken(token);
        }}
      >
        <h1 id="sign-in-title" class="brand">
          <img src="assets/icon.svg" alt="" width="24" height="24" />
          crossdock
        </h1>
        {problem && <ProblemBox problem={problem} />}
        {wasRejected && !problem && (
          <p class="problem" role="alert">
            The server rejected the token. It is wrong, or it has been replaced.
          </p>
        )}
        <label for="token">Token</label>
        <input
          id="token"
          ref={input}
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={text}
          aria-describedby="token-help"
          aria-invalid={mistake !== undefined}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <p id="token-help" class="quiet">
          {mistake ?? (
            <>
              One of the tokens in{" "}
              <code>CROSSDOCK_TOKENS</code>. This tab keeps it until you close it.
            </>
          )}
        </p>
        <button
          type="submit"
          class="main"
          disabled={token === "" || mistake !== undefined || isChecking}
        >
          {isChecking ? "Checking…" : "Sign in"}
        </button>
      </form>
    </dialog>
  );
}
