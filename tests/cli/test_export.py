import json


def test_a_run_is_written_as_one_page(call, story, tmp_path):
    story.run().task("start")

    spoken = call("export", "Churn/1", "--html", "page.html")

    assert spoken.code == 0
    assert spoken.out == f"{tmp_path / 'page.html'}\n"
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_a_page_goes_to_standard_output(call, story):
    story.run()

    spoken = call("export", "Churn/1", "--html", "-")

    assert spoken.out.startswith("<!doctype html>")
    assert "Churn/1" in spoken.out


def test_a_page_that_cannot_be_written_is_a_mistake(call, story):
    story.run()

    spoken = call("export", "Churn/1", "--html", "nowhere/page.html")

    assert spoken.code == 2
    assert "nowhere/page.html cannot be written" in spoken.err


def test_a_flow_is_described_and_printed(call, story, tmp_path):
    story.run()
    (tmp_path / "churn.md").write_text("# Churn\n\nWho leaves.\n")

    call("flow", "describe", "Churn", "--owner", "team red", "--file", "churn.md")
    spoken = call("flow", "describe", "Churn")
    as_json = json.loads(call("flow", "describe", "Churn", "--json").out)

    assert spoken.out == "Churn: team red\n  # Churn\n  \n  Who leaves.\n"
    assert (as_json["owner"], as_json["user"]) == ("team red", "ann")


def test_an_owner_is_changed_without_the_text(call, story, tmp_path):
    story.run()
    (tmp_path / "churn.md").write_text("Who leaves.")
    call("flow", "describe", "Churn", "--owner", "red", "--file", "churn.md")

    spoken = call("flow", "describe", "Churn", "--owner", "")

    assert spoken.out == "Churn: nobody is named as its owner\n  Who leaves.\n"


def test_a_description_must_be_text_of_a_flow_that_ran(call, story, tmp_path):
    story.run()
    (tmp_path / "long.md").write_text("x" * 100_001)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")

    assert call("flow", "describe", "Churm").code == 2
    assert "too long" in call("flow", "describe", "Churn", "--file", "long.md").err
    assert "is no text" in call("flow", "describe", "Churn", "--file", "binary").err
    assert "cannot be read" in call("flow", "describe", "Churn", "--file", "nothing.md").err
