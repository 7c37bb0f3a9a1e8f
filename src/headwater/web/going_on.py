"""Where a stream goes on that broke off."""


def number_to_go_on_after(last_event_id: str, after: int | None) -> int | None:
    """Give the number after which to go on: what the browser says it saw last, else what was asked; None = neither."""
    if last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 16:
        return int(last_event_id)
    return after
