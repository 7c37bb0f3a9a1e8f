/** What the API answers about one run, by the names that these views use; times are Unix seconds unless it says otherwise. */

import type { Edge, Environment, Timeline } from "@/api/schema";

export type {
  Blame,
  CriticalPath,
  FailureView,
  GraphView,
  ParameterView,
  ResourcesView,
  RunView,
  SinceGood,
  Seconds,
  StepBlame,
  StepResources,
  StepView,
  TaskSummary,
} from "@/api/schema";

export type EdgeView = Edge;
export type EnvironmentView = Environment;
export type TimelinePart = Timeline;
export type Counts = Readonly<Record<string, number>>;
