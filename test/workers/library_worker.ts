/** A Worker that uses the functions of the library: `?source=…&destination=…` copies an image and compares the copy. */
import { copy, verify } from "../../src/mod.ts";

export default {
  async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const [source = "", destination = ""] = ["source", "destination"].map((name) =>
      searchParams.get(name) ?? ""
    );
    try {
      const { digest } = await copy(source, destination);
      const { equal } = await verify(source, destination);
      return Response.json({ digest, equal });
    } catch (error) {
      const { name, message } = error as Error;
      return Response.json({ name, message }, { status: 500 });
    }
  },
};
