/** What the API answers about one task, by the names that these views use; times are Unix seconds. */

import type { FrameRecord } from "@/api/schema";

export type {
  AttemptView,
  Neighbours,
  TaskArtifact,
  TaskError,
  TaskView,
  Usage,
} from "@/api/schema";

export type Frame = FrameRecord;
