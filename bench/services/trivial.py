"""Services that do next to nothing: what is measured is all around them."""

from headwater import ServiceSpec, endpoint


class Trivial(ServiceSpec):
    """Gives back what it gets."""

    @endpoint
    def echo(self, x: float) -> float:
        return x


class Unlogged(Trivial):
    """The same; nothing of it goes into the prediction log."""

    log_sample = 0.0
