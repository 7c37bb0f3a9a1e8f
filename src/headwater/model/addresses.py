"""Addresses that carry a user or a password, which nobody is to read."""


def has_password(address: str) -> bool:
    """Whether an address says by which name or password it is reached: `https://ann:secret@ml.example.org`."""
    _, mark, rest = address.partition("://")
    return bool(mark) and "@" in rest


def mask_address(address: str) -> str:
    """Give an address with `***` for its user and password, also when it is badly written."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        return address
    _, at, host = rest.rpartition("@")
    return f"{scheme}://***@{host}" if at else address
