import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A page in the browser. */
export interface OpenedPage {
  /** The document after loading, as HTML. */
  readonly dom: string;
  /** The console output: errors, and everything that a policy has blocked. */
  readonly messages: readonly string[];
}

const CHROMIUM = "/usr/bin/chromium";
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * Opens a page on loopback in headless Chromium. The browser resolves no names, so it cannot reach other servers.
 *
 * @throws Error if Chromium is not installed (`deno task setup:browser`) or fails
 */
export async function openPage(url: string): Promise<OpenedPage> {
  const profile = await mkdtemp(join(tmpdir(), "crossdock-browser-"));
  try {
    const { stdout, stderr } = await run([
      "--headless",
      // Required if tests run as root.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--disable-background-networking",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      `--user-data-dir=${profile}`,
      "--enable-logging=stderr",
      "--dump-dom",
      url,
    ]);
    const messages = [...stderr.matchAll(/:CONSOLE[:(]\d+\)?\] "([^]*?)", source: /g)];
    return { dom: stdout, messages: messages.map(([, message = ""]) => message) };
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}

function run(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const options = {
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    maxBuffer: MAX_OUTPUT_BYTES,
  } as const;
  return new Promise((resolve, reject) => {
    execFile(CHROMIUM, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ stdout, stderr });
      const said = stderr.trim().split("\n").slice(-15).join("\n");
      reject(new Error(`${CHROMIUM}: ${error.message}\n${said}`, { cause: error }));
    });
  });
}
