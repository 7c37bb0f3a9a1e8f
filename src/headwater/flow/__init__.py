"""What a user writes: flows, steps, parameters, decorators; and the compiler that turns a flow into a graph."""
