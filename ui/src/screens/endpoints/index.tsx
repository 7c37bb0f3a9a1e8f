/** Endpoints: the services, and one of them. */

import type { ScreenProps } from "@/screens";
import { ServiceList } from "@/screens/endpoints/list";
import { ServicePage } from "@/screens/endpoints/service";

export default function Endpoints({ parts }: ScreenProps) {
  const service = parts["path"];
  return service ? <ServicePage service={service} /> : <ServiceList />;
}
