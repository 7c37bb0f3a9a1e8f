/** Artifacts of all runs, and one value with what made it and what used it. */

import type { ScreenProps } from "@/screens";
import { ArtifactList } from "@/screens/artifacts/list";
import { Value } from "@/screens/artifacts/value";

export default function Artifacts({ parts }: ScreenProps) {
  const digest = parts["path"];
  return digest ? <Value digest={digest} /> : <ArtifactList />;
}
