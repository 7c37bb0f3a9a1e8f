/** Alerts: what people were told, and where such things are told. */

import type { ScreenProps } from "@/screens";
import { AlertList } from "@/screens/alerts/list";
import { AlertPage } from "@/screens/alerts/alert";

export default function Alerts({ parts }: ScreenProps) {
  const cause = parts["path"];
  return cause ? <AlertPage cause={cause} /> : <AlertList />;
}
