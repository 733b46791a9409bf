import { writeFile } from "node:fs/promises";
import { renderScreens } from "./screens.ts";

await writeFile(new URL("../../docs/cli_screens.md", import.meta.url), await renderScreens());
