from pathlib import Path

from headwater.web.route_table import table, with_table
from headwater.web.tables import all_routes

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_page_of_the_api_names_every_route_with_its_role():
    page = PAGE.read_text()

    assert with_table(page, all_routes()) == page, "python -m headwater.web.route_table docs/api.md writes it anew"


def test_every_route_says_what_it_does():
    silent = [line for line in table(all_routes()).splitlines() if line.endswith("|  |")]

    assert silent == []
