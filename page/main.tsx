/** The page that the server has at `/`: mirrors, runs, copies, images and the set-up. It uses only the public API. */
import { render } from "preact";
import { App } from "./app.tsx";
import "./style/page.css";

const element = document.getElementById("app");
if (element) render(<App />, element);
