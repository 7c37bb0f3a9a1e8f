import pytest

from headwater.store.trees import save_tree


@pytest.fixture
def runs(home, history, tmp_path):
    """Two runs, between which code was changed."""
    folder = tmp_path / "project"
    folder.mkdir()
    for files in (
        {"churn.py": "one\ntwo\n", "old.py": "gone\n", "same.py": "<b>\n"},
        {"churn.py": "one\n2\n", "new.py": "fresh\n", "same.py": "<b>\n"},
    ):
        for path in folder.iterdir():
            path.unlink()
        for name, text in files.items():
            (folder / name).write_text(text)
        history.run(tree=save_tree(home.objects, str(folder)).digest).finish()


def test_the_files_of_a_run_are_listed(site, runs):
    found = site.get("/runs/Churn/1/code").value

    assert found["file"] == "churn.py"
    assert [(row["path"], row["size"]) for row in found["rows"]] == [("churn.py", 8), ("old.py", 5), ("same.py", 4)]


def test_files_say_how_they_stand_to_another_runs(site, runs):
    found = site.get("/runs/Churn/2/code", against="Churn/1").value

    assert {row["path"]: row["standing"] for row in found["rows"]} == {
        "churn.py": "changed",
        "new.py": "added",
        "old.py": "removed",
        "same.py": "same",
    }


def test_a_file_is_shown_as_text_with_its_difference(site, runs):
    assert site.get("/runs/Churn/1/code/same.py").value["text"] == "<b>\n"

    found = site.get("/runs/Churn/2/code/churn.py", against="Churn/1").value

    assert (found["text"], found["other"], found["standing"]) == ("one\n2\n", "one\ntwo\n", "changed")
    assert found["diff"] == "--- a/churn.py\n+++ b/churn.py\n@@ -1,2 +1,2 @@\n one\n-two\n+2"
    assert site.get("/runs/Churn/2/code/old.py", against="Churn/1").value["diff"].endswith("-gone")
    assert site.get("/runs/Churn/2/code/new.py", against="Churn/1").value["diff"].endswith("+fresh")


def test_only_files_of_the_run_are_given(site, runs):
    for path in ("../../../etc/passwd", "/etc/passwd", "old.py", "churn.py/", "..%2fchurn.py", "churn.py\0"):
        assert site.get(f"/runs/Churn/2/code/{path}").status == 404, path


def test_what_code_is_compared_with_must_be_a_run_that_one_sees(site, runs, history):
    site.people["vic"] = {"other": "viewer"}

    for path in ("Churn", "Churn/0", "Churn/x", "", "/", f"Churn/{10**20}"):
        assert site.get("/runs/Churn/1/code", against=path).status == 400, path
    assert site.get("/runs/Churn/1/code", against="Churn/9").status == 404
    assert site.get("/runs/Churn/1/code", who="vic").status == 404
