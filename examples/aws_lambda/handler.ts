/** The server as an AWS Lambda function: docs/deploy/aws-lambda.md. */
import process from "node:process";
import { Hono } from "hono";
import { handle, streamHandle } from "hono/aws-lambda";
import { createServer, fromEnv } from "../../src/entries/server.ts";

const jobs = new Set<Promise<unknown>>();
const { app, runDueRules } = createServer(fromEnv(process.env), {
  background(job): void {
    const remove = (): boolean => jobs.delete(job);
    jobs.add(job);
    job.then(remove, remove);
  },
});

const outer = new Hono();
// Lambda stops the program after the response, so an event of a webhook is handled before it.
outer.use("/hooks/*", async (_context, next) => {
  await next();
  await Promise.allSettled(jobs);
});
outer.route("/", app);

/** For a function URL with the invoke mode RESPONSE_STREAM. */
export const http: ReturnType<typeof streamHandle> = streamHandle(outer);

/** For API Gateway, a load balancer, or a function URL without streaming. */
export const buffered: ReturnType<typeof handle> = handle(outer);

/** For an EventBridge rule that runs every five minutes: runs the rules of crossdock.yaml that are due. */
export async function schedule({ time }: { readonly time: string }): Promise<void> {
  const at = Date.parse(time);
  await runDueRules({ at, before: at - 5 * 60_000 });
}
