"""A flow whose steps look at their own run, and at others."""

from headwater import Flow, FlowSpec, current, get_namespace, step


class LookingFlow(FlowSpec):
    @step
    def start(self):
        self.x = 1
        self.next(self.end)

    @step
    def end(self):
        self.run_path = current.run.pathspec
        self.task_path = current.task.pathspec
        self.status = current.run.status
        self.seen = current.run["start"].task.data.x
        self.namespace = get_namespace()
        self.runs = [run.pathspec for run in Flow(current.flow_name)]
        self.run = current.run


if __name__ == "__main__":
    LookingFlow()
