import os
import stat

import msgspec
import pytest
from blake3 import blake3

from headwater.model.errors import ArtifactDamaged, ArtifactMissing, UserMistake
from headwater.store import tree_cache, trees
from headwater.store.framing import frame, hash_bytes, root_digest
from headwater.store.keys import object_key
from headwater.store.objects import Blob, ObjectStore
from headwater.store.trees import (
    Listing,
    TreeFile,
    materialise,
    objects_of_tree,
    read_listing,
    read_tree_file,
    save_tree,
    verify_tree,
)
from tests.store.stored_files import files_below, flip_byte


@pytest.fixture
def objects(place) -> ObjectStore:
    return ObjectStore(place)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "package" / "inner").mkdir(parents=True)
    (folder / "flow.py").write_text("print('flow')\n")
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "inner" / "query.sql").write_text("select 1\n")
    (folder / "score.sh").write_text("#!/bin/sh\n")
    (folder / "score.sh").chmod(0o755)
    return folder


def test_a_tree_comes_back_as_it_was(objects, project, tmp_path):
    tree = save_tree(objects, str(project))
    target = tmp_path / "out"
    materialise(objects, tree.digest, str(target))

    assert sorted(tree.files) == ["flow.py", "package/__init__.py", "package/inner/query.sql", "score.sh"]
    for path in tree.files:
        assert (target / path).read_bytes() == (project / path).read_bytes()
    assert stat.S_IMODE((target / "score.sh").stat().st_mode) == 0o700
    assert stat.S_IMODE((target / "flow.py").stat().st_mode) == 0o600
    assert read_tree_file(objects, tree.digest, "flow.py") == b"print('flow')\n"


def test_the_digests_are_those_of_the_bytes(objects, project):
    tree = save_tree(objects, str(project))

    assert tree.files["flow.py"] == blake3(b"print('flow')\n").hexdigest()
    assert read_listing(objects, tree.digest) == tree.files
    assert set(objects_of_tree(objects, tree.digest)) == {tree.digest, *tree.files.values()}


def test_equal_trees_have_one_digest_wherever_they_are(objects, project, tmp_path):
    first = save_tree(objects, str(project))
    moved = tmp_path / "elsewhere"
    project.rename(moved)
    second = save_tree(objects, str(moved))
    (moved / "flow.py").write_text("print('changed')\n")

    assert second.digest == first.digest
    assert save_tree(objects, str(moved)).digest != first.digest


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (".env", "looks like a secret"),
        (".env.production", "looks like a secret"),
        ("server.pem", "looks like a secret"),
        ("id_rsa", "looks like a secret"),
        ("credentials.json", "looks like a secret"),
        ("secrets.yaml", "looks like a secret"),
        (".hidden.txt", "hidden"),
        ("data.csv", "data, not code"),
        ("model.bin", "not text"),
        ("notes.txt", "larger than 512 KiB"),
    ],
)
def test_what_is_no_code_is_left_out_and_said(objects, project, path, reason):
    content = b"\x00\x01" if path == "model.bin" else b"x" * (600_000 if path == "notes.txt" else 5)
    (project / path).write_bytes(content)
    tree = save_tree(objects, str(project))

    assert path not in tree.files
    assert [(each.path, each.reason) for each in tree.left_out] == [(path, reason)]


@pytest.mark.parametrize("folder", [".git", "__pycache__", "node_modules", "venv", "x.egg-info", "myenv", "home"])
def test_folders_made_by_tools_are_left_out(objects, project, folder):
    (project / folder).mkdir()
    (project / folder / "module.py").write_text("x = 1\n")
    if folder == "myenv":
        (project / folder / "pyvenv.cfg").write_text("")
    if folder == "home":
        (project / folder / "ledger.db").write_text("")
    tree = save_tree(objects, str(project))

    assert [each.path for each in tree.left_out] == [f"{folder}/"]
    assert len(tree.files) == 4


def test_links_that_lead_out_are_left_out_and_those_within_are_followed(objects, project, tmp_path):
    (tmp_path / "outside.py").write_text("secret = 1\n")
    (project / "leak.py").symlink_to(tmp_path / "outside.py")
    (project / "folder_leak").symlink_to(tmp_path)
    (project / "gone.py").symlink_to(project / "nowhere.py")
    (project / "alias.py").symlink_to(project / "flow.py")
    tree = save_tree(objects, str(project))

    assert tree.files["alias.py"] == tree.files["flow.py"]
    assert sorted(each.path for each in tree.left_out) == ["folder_leak", "gone.py", "leak.py"]


def test_a_pipe_in_the_folder_does_not_hold_anything_up(objects, project):
    os.mkfifo(project / "pipe.py")

    assert [each.reason for each in save_tree(objects, str(project)).left_out] == ["not a file"]


def test_a_folder_that_is_not_there_is_a_mistake(objects, tmp_path):
    with pytest.raises(UserMistake, match="nowhere"):
        save_tree(objects, str(tmp_path / "nowhere"))


def test_a_second_save_writes_nothing(objects, project, place):
    save_tree(objects, str(project))
    before = {path: os.stat(path).st_ino for path in files_below(place.root)}
    save_tree(objects, str(project))

    assert {path: os.stat(path).st_ino for path in files_below(place.root)} == before


def test_files_that_have_not_changed_are_not_read_again(objects, project, tmp_path, monkeypatch):
    # A file's ctime cannot be set back, so the rest that the cache asks for is shortened instead.
    monkeypatch.setattr(tree_cache, "_SETTLED_NS", -(10**18))
    hashed = []
    monkeypatch.setattr(trees, "hash_bytes", lambda content: hashed.append(content) or hash_bytes(content))
    cache = str(tmp_path / "home")
    first = save_tree(objects, str(project), cache_folder=cache)
    hashed.clear()
    second = save_tree(objects, str(project), cache_folder=cache)
    (project / "flow.py").write_text("print('flaw')\n")
    save_tree(objects, str(project), cache_folder=cache)

    assert second.digest == first.digest
    assert hashed == [b"print('flaw')\n"]


def test_a_file_that_changed_a_moment_ago_is_always_read(objects, project, tmp_path):
    cache = str(tmp_path / "home")
    save_tree(objects, str(project), cache_folder=cache)
    (project / "flow.py").write_text("print('flaw')\n")
    tree = save_tree(objects, str(project), cache_folder=cache)

    assert tree.files["flow.py"] == blake3(b"print('flaw')\n").hexdigest()


def test_a_file_that_may_still_change_within_the_same_tick_is_read_again(objects, project, tmp_path, monkeypatch):
    hashed = []
    monkeypatch.setattr(trees, "hash_bytes", lambda content: hashed.append(content) or hash_bytes(content))
    # Thirty years, so that the files count as changed a moment ago however slow the machine is.
    monkeypatch.setattr(tree_cache, "_SETTLED_NS", 10**18)
    cache = str(tmp_path / "home")
    save_tree(objects, str(project), cache_folder=cache)
    content = (project / "flow.py").read_bytes()
    hashed.clear()
    save_tree(objects, str(project), cache_folder=cache)

    assert content in hashed


def test_a_damaged_cache_costs_nothing_but_time(objects, project, tmp_path):
    folder = tmp_path / "home" / "cache"
    folder.mkdir(parents=True)
    name = f"tree-{blake3(os.path.realpath(project).encode()).hexdigest()[:16]}.json"
    (folder / name).write_text("{")

    assert len(save_tree(objects, str(project), cache_folder=str(tmp_path / "home")).files) == 4


@pytest.mark.parametrize("path", ["../escape.py", "/etc/cron.d/x", "a/../../b", "a//b", "", "a/./b", "nul\0"])
def test_a_path_cannot_leave_the_folder(objects, tmp_path, path):
    content = objects.put_raw([b"x"])
    listing = [msgspec.json.encode(Listing({path: TreeFile(content, 1)}))]
    digest = root_digest("tree/1", listing)
    objects.put_many([Blob(digest, frame("tree/1", listing), is_root=True)])
    target = tmp_path / "deep" / "out"
    target.parent.mkdir()

    with pytest.raises(ArtifactDamaged, match="leaves the tree"):
        materialise(objects, digest, str(target))
    assert files_below(str(target.parent)) == []
    assert os.listdir(target.parent) == []


def test_a_damaged_file_leaves_no_half_tree(objects, project, place, tmp_path):
    tree = save_tree(objects, str(project))
    flip_byte(place.path(object_key(tree.files["score.sh"])), 0)

    with pytest.raises(ArtifactDamaged):
        materialise(objects, tree.digest, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    assert [name for name in os.listdir(tmp_path) if name.startswith("out")] == []


def test_a_tree_that_is_laid_out_already_is_left_alone(objects, project, tmp_path):
    tree = save_tree(objects, str(project))
    materialise(objects, tree.digest, str(tmp_path / "out"))
    (tmp_path / "out" / "flow.py").write_text("mine")
    materialise(objects, tree.digest, str(tmp_path / "out"))

    assert (tmp_path / "out" / "flow.py").read_text() == "mine"


def test_an_artifact_is_no_tree(objects, store):
    saved = store.save("x", os.urandom(5000))

    with pytest.raises(ArtifactDamaged, match="not tree/1"):
        read_listing(objects, saved.ref.digest)
    with pytest.raises(ArtifactMissing):
        read_listing(objects, "0" * 64)


def test_what_is_written_to_a_file_after_the_look_at_it_is_not_waited_for(objects, project, monkeypatch):
    growing = project / "growing.txt"
    growing.write_text("one\n")
    look = os.stat

    def look_before_more_is_written(path, *rest, **named):
        found = look(path, *rest, **named)
        if str(path) == str(growing):
            with open(growing, "a") as file:
                file.write("two\n")
        return found

    monkeypatch.setattr(os, "stat", look_before_more_is_written)
    tree = save_tree(objects, str(project))
    monkeypatch.undo()

    assert tree.files["growing.txt"] == hash_bytes(b"one\n")


@pytest.fixture
def laid_out(objects, project, tmp_path):
    tree = save_tree(objects, str(project))
    folder = tmp_path / "packages" / tree.digest
    folder.parent.mkdir()
    materialise(objects, tree.digest, str(folder))
    return tree, folder


def test_a_tree_as_it_was_laid_out_is_whole(objects, laid_out):
    tree, folder = laid_out

    assert verify_tree(objects, tree.digest, str(folder)) == []


def test_everything_that_differs_from_the_saved_tree_is_named(objects, laid_out):
    tree, folder = laid_out
    (folder / "flow.py").write_text("print('flaw')\n")
    (folder / "package" / "__init__.py").unlink()
    (folder / "package" / "inner" / "query.sql").unlink()
    (folder / "package" / "inner" / "query.sql").symlink_to(folder / "flow.py")
    (folder / "score.sh").chmod(0o600)
    (folder / "os.py").write_text("")
    (folder / "numpy").symlink_to("/tmp")
    (folder / "__pycache__").mkdir(exist_ok=True)
    (folder / "__pycache__" / "flow.cpython-311.pyc").write_bytes(b"")

    assert verify_tree(objects, tree.digest, str(folder)) == [
        "flow.py is changed",
        "numpy was added",
        "os.py was added",
        "package/__init__.py is missing",
        "package/inner/query.sql is changed",
        "score.sh is changed: it cannot be executed",
    ]


def test_a_folder_that_is_gone_misses_every_file(objects, laid_out, tmp_path):
    tree, _ = laid_out

    assert len(verify_tree(objects, tree.digest, str(tmp_path / "nowhere"))) == 4


def test_files_that_are_the_same_on_the_disk_are_not_hashed_again(objects, laid_out, tmp_path, monkeypatch):
    tree, folder = laid_out
    monkeypatch.setattr(tree_cache, "_SETTLED_NS", -(10**18))
    hashed = []
    monkeypatch.setattr(trees, "hash_bytes", lambda content: hashed.append(content) or hash_bytes(content))
    home = str(tmp_path / "home")
    verify_tree(objects, tree.digest, str(folder), cache_folder=home)
    first = len(hashed)
    found = verify_tree(objects, tree.digest, str(folder), cache_folder=home)
    (folder / "flow.py").write_text("print('flaw')\n")

    assert (first, len(hashed), found) == (4, 4, [])
    assert verify_tree(objects, tree.digest, str(folder), cache_folder=home) == ["flow.py is changed"]


def test_a_change_that_keeps_size_and_time_is_found(objects, laid_out, tmp_path, monkeypatch):
    tree, folder = laid_out
    monkeypatch.setattr(tree_cache, "_SETTLED_NS", -(10**18))
    home = str(tmp_path / "home")
    verify_tree(objects, tree.digest, str(folder), cache_folder=home)
    before = os.stat(folder / "flow.py")
    (folder / "flow.py").write_text("print('flaw')\n")
    os.utime(folder / "flow.py", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert verify_tree(objects, tree.digest, str(folder), cache_folder=home) == ["flow.py is changed"]


def test_what_deploy_prints_is_known_of_a_tree(objects, project):
    tree = save_tree(objects, str(project))

    assert tree.sizes == {"flow.py": 14, "package/__init__.py": 0, "package/inner/query.sql": 9, "score.sh": 10}
    assert tree.total_bytes == 33


def test_links_that_lead_out_are_marked_so_that_a_deploy_can_refuse_them(objects, project, tmp_path):
    (tmp_path / "outside.py").write_text("x = 1\n")
    (tmp_path / "data").mkdir()
    (project / "leak.py").symlink_to(tmp_path / "outside.py")
    (project / "data").symlink_to(tmp_path / "data")
    (project / "dangling").symlink_to(tmp_path / "nowhere")
    (project / "alias").symlink_to(project / "package")
    (project / "ignored").symlink_to(tmp_path / "data")
    (project / ".gitignore").write_text("/ignored\n")
    tree = save_tree(objects, str(project))
    left_out = {each.path: each for each in tree.left_out}

    assert [path for path, each in left_out.items() if each.leads_out] == ["dangling", "data", "leak.py"]
    assert left_out["alias"].reason == "a link to a folder"
    assert left_out["ignored"].reason == "ignored by .gitignore"


def test_a_tree_that_is_not_whole_says_so(objects, project, monkeypatch):
    monkeypatch.setattr(trees, "_MOST_FILES", 3)
    tree = save_tree(objects, str(project))

    assert [each.path for each in tree.left_out if each.is_beyond_limit] == ["package/inner/query.sql"]


@pytest.mark.parametrize("name", ["notes.txt", "deploy.conf", "cert"])
def test_a_private_key_under_any_name_is_left_out(objects, project, name):
    (project / name).write_text("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n")
    tree = save_tree(objects, str(project))

    assert [(each.path, each.reason) for each in tree.left_out] == [(name, "holds a private key")]


def test_a_link_to_equal_content_is_a_change(objects, laid_out):
    tree, folder = laid_out
    file = folder / "package" / "inner" / "query.sql"
    file.rename(file.with_name("same.size"))
    # Nine characters, as many as the file has bytes.
    file.symlink_to("same.size")

    assert verify_tree(objects, tree.digest, str(folder)) == [
        "package/inner/query.sql is changed",
        "package/inner/same.size was added",
    ]


def data_of(folder):
    """Files that are no code, and those that no package takes."""
    (folder / "tweets.tsv").write_text("a\tb\n")
    (folder / "weights.bin").write_bytes(b"\0\1\2")
    (folder / "uv.lock").write_text("lock")
    (folder / "run.log").write_text("line")
    (folder / "state.db").write_bytes(b"\0")
    (folder / "state.sqlite3-wal").write_bytes(b"\0")
    (folder / "binary.pem").write_bytes(b"\0")
    (folder / "hidden.bin").write_bytes(b"\0-----BEGIN RSA PRIVATE KEY-----")


def test_a_tree_with_data_holds_binary_and_data_files_but_nothing_that_is_written_or_secret(objects, project):
    data_of(project)

    plain, with_data = save_tree(objects, str(project)), save_tree(objects, str(project), with_data=True)
    assert with_data.files.keys() - plain.files.keys() == {"tweets.tsv", "weights.bin", "uv.lock"}
    assert read_tree_file(objects, with_data.digest, "weights.bin") == b"\0\1\2"


def test_what_is_remembered_of_data_does_not_let_it_into_a_tree_without(objects, project, tmp_path, monkeypatch):
    monkeypatch.setattr(tree_cache, "_SETTLED_NS", -1)
    data_of(project)
    home = str(tmp_path / "home")
    before = save_tree(objects, str(project), cache_folder=home)
    save_tree(objects, str(project), cache_folder=home, with_data=True)

    assert save_tree(objects, str(project), cache_folder=home).files == before.files


def test_a_tree_with_data_is_written_in_parts(objects, project, monkeypatch):
    monkeypatch.setattr(trees, "_MOST_WAITING_BYTES", 3)
    data_of(project)
    tree = save_tree(objects, str(project), with_data=True)

    assert all(objects.is_there(digest) for digest in tree.files.values())
    assert read_tree_file(objects, tree.digest, "flow.py") == b"print('flow')\n"


def test_a_tree_with_data_says_when_it_is_full(objects, project, monkeypatch):
    monkeypatch.setattr(trees, "_MOST_PACKAGED_BYTES", 10)
    data_of(project)
    tree = save_tree(objects, str(project), with_data=True)

    assert any(each.is_beyond_limit for each in tree.left_out)
