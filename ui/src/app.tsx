/** The page: the sign-in view, or the shell with the view of the address. */

import { Suspense, useEffect } from "react";

import { signInAddress, useSession } from "@/api/session";
import { Broken } from "@/parts/broken";
import { Empty } from "@/parts/empty";
import { Spinner } from "@/parts/spinner";
import { navigate, useAddress } from "@/router/location";
import { Link } from "@/router/link";
import { findScreen } from "@/screens";
import { SignIn } from "@/screens/sign_in";
import { Shell } from "@/shell/shell";

export function App() {
  const session = useSession();
  const { path } = useAddress();
  useEffect(() => {
    if (session.state === "out" && location.pathname !== "/sign-in") navigate(signInAddress(), { replace: true });
  }, [session]);
  if (path === "/sign-in") return <SignIn />;
  if (session.state === "unreachable") return <Unreachable />;
  if (session.state !== "in") return <Spinner isPage />;
  return (
    <Shell>
      <View path={path} />
    </Shell>
  );
}

/** Tells those who hear the page which view they came to. */
function Arrived({ title }: { title: string }) {
  return (
    <p className="hidden-text" role="status">
      {title}
    </p>
  );
}

function View({ path }: { path: string }) {
  const found = findScreen(path);
  const title = found?.title ?? "Not found";
  useEffect(() => {
    document.title = `${title} · Headwater`;
  }, [title]);
  if (!found) return <NotFound />;
  const { Screen, parts, pattern } = found;
  return (
    <>
      <Arrived title={title} />
      <Broken key={pattern}>
        <Suspense fallback={<Spinner isPage />}>
          <Screen parts={parts} />
        </Suspense>
      </Broken>
    </>
  );
}

function NotFound() {
  return (
    <>
      <h1 className="hidden-text">Not found</h1>
      <Empty icon="search" title="There is no such page">
        The address may be mistyped, or what it named is gone. <Link to="/">Home</Link> and{" "}
        <Link to="/runs">all runs</Link> are still there; <kbd>Ctrl K</kbd> finds the rest.
      </Empty>
    </>
  );
}

function Unreachable() {
  return (
    <Empty icon="warning" title="The server cannot be reached" command="headwater up">
      It may have been stopped. Start it again where the store is; this page goes on by itself.
    </Empty>
  );
}
