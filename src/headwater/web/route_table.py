"""The table of all routes in `docs/api.md`; `python -m headwater.web.route_table docs/api.md` writes it anew."""

import inspect
import sys
from collections.abc import Iterator, Sequence

from headwater.web.routes import Route
from headwater.web.tables import all_routes

BEGIN = "<!-- routes: python -m headwater.web.route_table docs/api.md -->"
END = "<!-- end of routes -->"


def table(routes: Sequence[Route]) -> str:
    """Give the table as Markdown: what can be asked, which role it takes, what comes of it."""
    lines = ["| Route | Role | What it does |", "|---|---|---|", *map(_line, sorted(routes, key=_place))]
    return "\n".join(lines)


def with_table(page: str, routes: Sequence[Route]) -> str:
    """Give a page with its table of routes as it should be."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{table(routes)}\n{END}{rest.partition(END)[2]}"


def _line(route: Route) -> str:
    doc = (inspect.getdoc(route.answer) or "").partition("\n")[0].rstrip(".").replace("|", "\\|")
    path = route.path.replace(":path}", "}")
    return f"| `{route.method} {path}` | {route.needs} | {doc} |"


def _place(route: Route) -> tuple[list[str], str]:
    return list(_parts(route.path)), route.method


def _parts(path: str) -> Iterator[str]:
    """Yield what paths are sorted by: fixed parts come before those in braces."""
    for part in path.split("/"):
        yield f"~{part}" if part.startswith("{") else part


def main(path: str) -> None:
    """Write the table of a page anew."""
    with open(path, encoding="utf-8") as file:
        page = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(with_table(page, all_routes()))


if __name__ == "__main__":
    main(sys.argv[1])
