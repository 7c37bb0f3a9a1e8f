/** Deployments: the aliases, and one of them. */

import type { ScreenProps } from "@/screens";
import { DeploymentPage } from "@/screens/deployments/deployment";
import { DeploymentList } from "@/screens/deployments/list";

export default function Deployments({ parts }: ScreenProps) {
  const target = parts["path"];
  return target ? <DeploymentPage target={target} /> : <DeploymentList />;
}
