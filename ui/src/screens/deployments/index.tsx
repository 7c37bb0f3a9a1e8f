/** Deployments: the aliases, and one of them. */

import { DeploymentList } from "@/screens/deployments/list";

export default function Deployments() {
  return <DeploymentList />;
}
