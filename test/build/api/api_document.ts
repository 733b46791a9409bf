import type { App } from "../../../src/server/app.ts";
import type { Api } from "../../../build/api/model.ts";

/** The OpenAPI document as the server sends it. */
export async function getDocument(app: App): Promise<Api> {
  return await (await app.request("/openapi.json")).json() as Api;
}
