import "@fontsource-variable/inter/wght.css";
import "@/theme/tokens.css";
import "@/theme/base.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { findSession } from "@/api/session";
import { App } from "@/app";
import { preloadScreen } from "@/screens";
import { startTheme } from "@/theme/theme";

startTheme();
void findSession();
preloadScreen(location.pathname);
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
