import { startWith } from "../../workers/support.ts";
import type { Handler } from "../handler.ts";

/** Starts the deployed Worker. It cannot be stopped by a signal, so the tests of long_running/ do not run on it. */
export async function startWorkerd(variables: Readonly<Record<string, string>>): Promise<Handler> {
  const { PORT, ...others } = variables;
  const worker = await startWith(others, PORT === undefined ? {} : { port: Number(PORT) });
  const close = async (): Promise<void> => await worker[Symbol.asyncDispose]();
  return {
    host: "workerd",
    url: worker.url,
    get pid(): never {
      return refuse();
    },
    get stdout(): string {
      return worker.lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    },
    stderr: "",
    get ended(): never {
      return refuse();
    },
    send: refuse,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function refuse(): never {
  throw new TypeError("workerd is no program of its own here");
}
