import os
import subprocess
import sys

import pytest

from headwater.store import ignore_files
from headwater.store.objects import ObjectStore
from headwater.store.trees import save_tree


@pytest.fixture
def objects(place) -> ObjectStore:
    return ObjectStore(place)


def project_of(folder, files: dict[str, str]):
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


def taken(objects, folder, **others) -> list[str]:
    return sorted(save_tree(objects, str(folder), **others).files)


def test_what_a_gitignore_names_is_left_out_and_said(objects, tmp_path):
    project_of(tmp_path, {".gitignore": "*.txt\nscratch/\n", "flow.py": "", "a.txt": "", "scratch/b.py": ""})
    tree = save_tree(objects, str(tmp_path))

    assert list(tree.files) == ["flow.py"]
    assert [(each.path, each.reason) for each in tree.left_out] == [
        (".gitignore", "hidden"),
        ("a.txt", "ignored by .gitignore"),
        ("scratch/", "ignored by .gitignore"),
    ]


def test_a_headwaterignore_speaks_after_the_gitignore_beside_it(objects, tmp_path):
    project_of(
        tmp_path,
        {
            ".gitignore": "_version.py\n",
            ".headwaterignore": "!_version.py\nnotes/\n",
            "_version.py": "",
            "notes/a.md": "",
        },
    )

    assert taken(objects, tmp_path) == ["_version.py"]


def test_files_further_down_speak_last_and_of_their_own_folder(objects, tmp_path):
    project_of(
        tmp_path,
        {
            ".gitignore": "*.md\n",
            "a/.gitignore": "!keep.md\n/only_here.py\n",
            "a/keep.md": "",
            "a/gone.md": "",
            "a/only_here.py": "",
            "a/b/only_here.py": "",
            "keep.md": "",
        },
    )
    tree = save_tree(objects, str(tmp_path))

    assert sorted(tree.files) == ["a/b/only_here.py", "a/keep.md"]
    assert ("a/only_here.py", "ignored by a/.gitignore") in [(each.path, each.reason) for each in tree.left_out]


def test_a_list_of_what_may_come_in_works(objects, tmp_path):
    project_of(tmp_path, {".gitignore": "*\n!*/\n!*.py\n", "flow.py": "", "a/b/c.py": "", "a/b/c.md": ""})

    assert taken(objects, tmp_path) == ["a/b/c.py", "flow.py"]


def test_the_repository_around_the_code_root_counts(objects, tmp_path):
    project_of(
        tmp_path, {".gitignore": "/team/flows/local.py\n*.md\n", "team/.gitignore": "mine.py\n", ".git/HEAD": ""}
    )
    root = project_of(tmp_path / "team" / "flows", {"flow.py": "", "local.py": "", "a.md": "", "mine.py": ""})
    tree = save_tree(objects, str(root))

    assert list(tree.files) == ["flow.py"]
    assert {each.reason for each in tree.left_out} == {"ignored by ../../.gitignore", "ignored by ../.gitignore"}


def test_a_gitignore_above_that_belongs_to_no_repository_does_not_count(objects, tmp_path):
    project_of(tmp_path, {".gitignore": "*\n"})
    root = project_of(tmp_path / "flows", {"flow.py": ""})

    assert taken(objects, root) == ["flow.py"]


@pytest.mark.parametrize("name", [".env", "server.pem", "secrets.yaml", "prod-service-account.json", "kubeconfig"])
@pytest.mark.parametrize("rules", [".gitignore", ".headwaterignore"])
def test_no_ignore_file_brings_a_secret_back(objects, tmp_path, name, rules):
    project_of(tmp_path, {rules: f"!{name}\n", name: "PASSWORD=1\n", f"deep/{name}": "PASSWORD=1\n"})
    tree = save_tree(objects, str(tmp_path))

    assert tree.files == {}
    assert [each.path for each in tree.left_out if each.reason == "looks like a secret"] == [name, f"deep/{name}"]


def test_what_was_decided_is_remembered_until_the_rules_change(objects, tmp_path, monkeypatch):
    home = str(tmp_path / "home")
    root = project_of(tmp_path / "code", {".gitignore": "*.md\n", "a.md": "", "b.py": "", "c/d.md": "", "c/e.py": ""})
    first = taken(objects, root, cache_folder=home)
    asked = []
    verdict = ignore_files.IgnoreFile.verdict
    monkeypatch.setattr(
        ignore_files.IgnoreFile, "verdict", lambda self, path: asked.append(path) or verdict(self, path)
    )
    second = taken(objects, root, cache_folder=home)
    unchanged = list(asked)
    project_of(root, {"new.md": ""})
    third = taken(objects, root, cache_folder=home)
    for_new = list(asked)
    project_of(root, {".gitignore": "*.py\n"})

    assert first == second == third == ["b.py", "c/e.py"]
    assert (unchanged, for_new) == ([], ["new.md"])
    assert taken(objects, root, cache_folder=home) == ["a.md", "c/d.md", "new.md"]


def test_a_project_without_ignore_files_does_not_import_what_reads_them(tmp_path):
    program = (
        "import sys\n"
        "from headwater.store.objects import ObjectStore\n"
        "from headwater.store.place_memory import MemoryPlace\n"
        "from headwater.store.trees import save_tree\n"
        f"tree = save_tree(ObjectStore(MemoryPlace()), {str(tmp_path)!r})\n"
        "print(len(tree.files), 'pathspec' in sys.modules)\n"
    )
    (tmp_path / "flow.py").write_text("")
    without = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (tmp_path / ".gitignore").write_text("*.md\n")
    with_one = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert (without.stdout.split(), with_one.stdout.split()) == (["1", "False"], ["1", "True"])


def test_an_ignore_file_that_cannot_be_read_ignores_nothing(objects, tmp_path):
    project_of(tmp_path, {"flow.py": ""})
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / ".headwaterignore").mkdir()

    assert taken(objects, tmp_path) == ["flow.py"]
