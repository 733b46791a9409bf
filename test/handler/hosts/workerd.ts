import { startWith } from "../../workers/support.ts";
import type { Handler } from "../handler.ts";

/** Starts the Worker as it is deployed. It ends with the test: what is held of programs alone stands in long_running/. */
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
