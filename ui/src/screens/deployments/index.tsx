/** Deployments: the aliases, one of them, and the schedules of all. */

import type { ScreenProps } from "@/screens";
import { DeploymentList } from "@/screens/deployments/list";
import { Schedules } from "@/screens/deployments/schedules";

export default function Deployments({ parts }: ScreenProps) {
  const target = parts["path"];
  if (target === undefined) return <Schedules />;
  return <DeploymentList />;
}
