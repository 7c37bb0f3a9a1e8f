"""What lies on the disk, seen and changed behind the back of the store."""

import os


def files_below(folder: str) -> list[str]:
    """List all files, hidden ones too."""
    return sorted(os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names)


def flip_byte(path: str, offset: int) -> None:
    """Change one bit of a file in place, as a bad disk would."""
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))
