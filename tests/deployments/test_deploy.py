import os

import pytest

from headwater.deployments.stored import find_deployment, list_deployments
from headwater.model.errors import DeploymentRefused, FlowMistakes, NotFound, ParameterMistake
from headwater.store.trees import read_tree_file
from tests.deployments.desk import PLAIN


def test_a_deploy_records_the_flow_and_lets_the_persons_own_branch_name_it(desk):
    done = desk.write(PLAIN).deploy()

    assert done.is_changed
    assert done.state.target == "Churn@user.ann"
    assert done.state == desk.aliases.require("Churn@user.ann")
    assert find_deployment(desk.home.ledger, "Churn", 1) == done.deployment
    assert done.deployment.parameters.keys() == {"alpha"}


def test_deploying_what_is_deployed_changes_nothing(desk):
    first = desk.deploy()
    again = desk.deploy()

    assert not again.is_changed
    assert again.deployment == first.deployment
    assert len(desk.aliases.history("Churn@user.ann")) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda desk: desk.file.write_text(desk.file.read_text() + "\n# more\n"),
        lambda desk: (desk.folder / "helper.py").write_text("x = 1"),
        lambda desk: (desk.folder / "data.csv").write_text("a,b\n"),
        lambda desk: (desk.folder / "weights.bin").write_bytes(b"\0\1\2"),
    ],
)
def test_any_file_that_changes_makes_a_new_deployment(desk, change):
    desk.deploy()
    change(desk)

    assert desk.deploy().state.number == 2


def test_other_parameters_tags_or_packages_make_a_new_deployment(desk):
    desk.deploy()

    assert desk.deploy(given={"alpha": "0.7"}).state.number == 2
    assert desk.deploy(given={"alpha": 0.7}, tags=("a",)).state.number == 3
    assert desk.deploy(given={"alpha": 0.7}, tags=("a",), environment={"python": "3"}).state.number == 4
    assert not desk.deploy(given={"alpha": 0.7}, tags=("a",), environment={"python": "3"}).is_changed


def test_a_deployment_never_changes_whatever_happens_to_the_checkout(desk):
    first = desk.deploy().deployment
    old = desk.file.read_bytes()
    desk.write(parameters='beta = Parameter("beta", default=1)')
    second = desk.deploy().deployment

    assert find_deployment(desk.home.ledger, "Churn", 1) == first
    assert read_tree_file(desk.home.objects, first.code.tree, desk.file.name) == old
    assert second.parameters.keys() == {"beta"}


def test_branches_and_production_of_a_project_have_names_of_their_own(desk):
    desk.write(decorators='@project(name="fraud")')

    assert desk.deploy().state.target == "fraud.Churn@user.ann"
    assert desk.deploy(branch="new").state.target == "fraud.Churn@test.new"
    assert desk.production().state.target == "fraud.Churn@production"
    assert [each.number for each in list_deployments(desk.home.ledger, "fraud.Churn")] == [1, 2, 3]


def test_defaults_that_are_functions_know_the_branch_that_is_deployed(desk):
    table = 'table = Parameter("table", default=lambda context: f"{current.branch_name}.{current.is_production}")'
    desk.write(decorators='@project(name="fraud")', parameters=table)

    deployments = [done.deployment for done in (desk.deploy(), desk.deploy(branch="new"), desk.production())]

    found = [desk.home.artifacts.load(each.parameters["table"]) for each in deployments]
    assert found == ["user.ann.False", "test.new.False", "prod.True"]


def test_ten_deployments_are_listed_by_number(desk):
    for number in range(11):
        desk.deploy(given={"alpha": number})

    assert [each.number for each in list_deployments(desk.home.ledger, "Churn")] == list(range(1, 12))


def test_a_flow_that_does_not_pass_its_checks_is_refused_before_anything_is_stored(desk):
    desk.write(PLAIN.replace("self.next(self.end)", "self.next(self.edn)"))

    with pytest.raises(FlowMistakes, match="edn"):
        desk.deploy()
    nothing_was_stored(desk)


def test_a_schedule_that_leaves_a_required_parameter_out_is_refused(desk):
    required = 'day = Parameter("day", required=True)'
    desk.write(decorators="@schedule(daily=True)", parameters=required)

    with pytest.raises(FlowMistakes, match="day"):
        desk.deploy()
    nothing_was_stored(desk)

    assert desk.deploy(given={"day": "monday"}).is_changed
    desk.write(decorators='@schedule(daily=True, parameters={"day": "monday"})', parameters=required)
    assert desk.deploy().is_changed


@pytest.mark.parametrize("parameters", ['{"alpha": "x"}', '{"alfa": 1}'])
def test_a_schedule_whose_parameters_cannot_be_is_refused(desk, parameters):
    desk.write(decorators=f"@schedule(daily=True, parameters={parameters})")

    with pytest.raises((DeploymentRefused, FlowMistakes), match=r"x|alfa"):
        desk.deploy()
    nothing_was_stored(desk)


@pytest.mark.parametrize(
    ("decorator", "name"),
    [
        ('@schedule(cron="0 0 30 2 *")', "0 0 30 2"),
        ('@schedule(daily=True, timezone="Europe/Berlinn")', "Berlinn"),
        ('@trigger(event="x", parameters={"alfa": "field"})', "alfa"),
        ('@trigger(event={"name": "x", "parameters": {"alfa": "field"}})', "alfa"),
    ],
)
def test_a_schedule_or_trigger_that_cannot_be_is_refused_with_its_name(desk, decorator, name):
    desk.write(decorators=decorator)

    with pytest.raises(FlowMistakes, match=name):
        desk.deploy()
    nothing_was_stored(desk)


def test_a_trigger_that_leaves_a_required_parameter_out_is_refused(desk):
    desk.write(
        decorators='@trigger(event="x", parameters={"alpha": "a"})',
        parameters='alpha = Parameter("alpha", default=1); day = Parameter("day", required=True)',
    )

    with pytest.raises(FlowMistakes, match="day"):
        desk.deploy()
    nothing_was_stored(desk)


def test_a_parameter_that_does_not_convert_is_refused(desk):
    with pytest.raises(ParameterMistake, match="alpha"):
        desk.deploy(given={"alpha": "much"})
    nothing_was_stored(desk)


def test_a_required_parameter_without_a_schedule_may_wait_for_each_run(desk):
    done = desk.write(parameters='day = Parameter("day", required=True)').deploy()

    assert done.deployment.parameters == {}


def test_a_default_that_is_a_function_is_worked_out_when_it_is_deployed(desk):
    chosen = "def chosen(context):\n    return len(context.user_name) + 4"
    done = desk.write(parameters='alpha = Parameter("alpha", default=chosen, type=int)', imports=chosen).deploy()

    assert desk.home.artifacts.load(done.deployment.parameters["alpha"]) == len("ann") + 4


def test_links_that_leave_the_project_are_refused(desk, tmp_path):
    (tmp_path / "secret.txt").write_text("x")
    (desk.folder / "link.txt").symlink_to(tmp_path / "secret.txt")

    with pytest.raises(DeploymentRefused, match=r"link\.txt"):
        desk.deploy()
    nothing_was_stored(desk)


@pytest.mark.parametrize(
    ("ignored", "said", "back"),
    [
        ({".gitignore": "*.txt\n/churn_*\n"}, "`/churn_*` in .gitignore ignores {file}", "`!/{file}`"),
        ({".headwaterignore": "{file}\n"}, "`{file}` in .headwaterignore ignores {file}", "`!/{file}`"),
        ({"../.git/HEAD": "", "../.gitignore": "*.py\n"}, "`*.py` in ../.gitignore ignores {file}", "`!/{file}`"),
    ],
)
def test_a_flow_whose_file_is_ignored_is_refused_with_the_line_that_does_it(desk, ignored, said, back):
    for path, text in ignored.items():
        (desk.folder / path).parent.mkdir(exist_ok=True)
        (desk.folder / path).write_text(text.replace("{file}", desk.file.name))

    with pytest.raises(DeploymentRefused) as refused:
        desk.deploy()
    name = desk.file.name
    assert refused.value.message == f"{name} is left out of the package: {said.replace('{file}', name)}"
    assert f"write {back.replace('{file}', name)} into .headwaterignore" in refused.value.hint
    nothing_was_stored(desk)
    with (desk.folder / ".headwaterignore").open("a") as file:
        file.write(back.replace("{file}", name).strip("`"))
    assert name in desk.deploy().listing.files


def test_a_flow_in_a_folder_that_is_ignored_is_refused_with_the_folder(desk):
    (desk.folder / "flows").mkdir()
    (desk.folder / "flows" / ".gitignore").write_text("drafts/\n")
    (desk.folder / "flows" / "drafts").mkdir()
    moved = desk.folder / "flows" / "drafts" / desk.file.name
    moved.write_text(desk.file.read_text())
    desk.file = moved

    with pytest.raises(DeploymentRefused, match=r"`drafts/` in flows/\.gitignore ignores flows/drafts/") as refused:
        desk.deploy()
    assert refused.value.hint.endswith("write `!/drafts/` into flows/.headwaterignore")


def test_a_flow_whose_file_is_hidden_is_refused_with_the_reason(desk):
    hidden = desk.folder / ".drafts" / desk.file.name
    hidden.parent.mkdir()
    hidden.write_text(desk.file.read_text())
    desk.file = hidden

    with pytest.raises(DeploymentRefused, match=r"is left out of the package: \.drafts/ is hidden"):
        desk.deploy()


def test_a_link_inside_the_project_is_packaged_as_the_file_it_leads_to(desk):
    (desk.folder / "real.txt").write_text("x")
    (desk.folder / "link.txt").symlink_to("real.txt")

    assert "link.txt" in desk.deploy().listing.files


def test_what_looks_like_a_secret_is_no_part_of_a_package(desk):
    (desk.folder / ".env").write_text("PASSWORD=x")
    (desk.folder / "server.key").write_text("x")
    (desk.folder / "notes.txt").write_text("-----BEGIN RSA PRIVATE KEY-----")
    done = desk.deploy()

    assert done.listing.files.keys() == {"pyproject.toml", desk.file.name}
    assert {".env", "server.key", "notes.txt"} <= {each.path for each in done.left_out}


def test_a_project_that_is_too_large_for_a_package_is_refused(desk, monkeypatch):
    monkeypatch.setattr("headwater.store.trees._MOST_PACKAGED_FILES", 3)
    for number in range(5):
        (desk.folder / f"data_{number}.csv").write_text("x")

    with pytest.raises(DeploymentRefused, match="headwaterignore"):
        desk.deploy()
    nothing_was_stored(desk)


def test_environment_variables_fill_parameters_when_a_flow_is_deployed(desk, monkeypatch):
    monkeypatch.setenv("HEADWATER_RUN_ALPHA", "0.25")
    done = desk.deploy()

    refs = done.deployment.parameters
    assert desk.home.artifacts.load(refs["alpha"]) == 0.25


def test_a_deployment_holds_its_code_and_parameters_until_it_is_deleted(desk):
    desk.deploy(given={"alpha": 0.7})
    desk.deploy(given={"alpha": 0.8})
    holders = {reference.path for reference in desk.home.ledger.references()}

    assert {"Churn, deployment 1: code", "Churn, deployment 1: parameter alpha"} <= holders
    desk.changes().delete_deployment("Churn", 1, desk.tick())
    after = {reference.path for reference in desk.home.ledger.references()}
    assert holders - after == {"Churn, deployment 1: code", "Churn, deployment 1: parameter alpha"}
    with pytest.raises(NotFound, match="deleted"):
        find_deployment(desk.home.ledger, "Churn", 1)


def test_the_number_of_a_deleted_deployment_is_not_given_again(desk):
    for alpha in (1, 2, 3):
        desk.deploy(given={"alpha": alpha})
    desk.changes().delete_deployment("Churn", 2, desk.tick())

    assert desk.deploy(given={"alpha": 2}).state.number == 4


def test_what_a_sweep_takes_while_a_flow_is_deployed_is_saved_again(desk, monkeypatch):
    from headwater.deployments import deploy as module

    write = module._write

    def write_after_a_sweep(home, prepared, *rest):
        for file in prepared.listing.files.values():
            os.unlink(home.place.path(f"{file.digest[:2]}/{file.digest}"))
        return write(home, prepared, *rest)

    monkeypatch.setattr(module, "_write", write_after_a_sweep)
    done = desk.deploy()

    assert read_tree_file(desk.home.objects, done.deployment.code.tree, desk.file.name) == desk.file.read_bytes()


def nothing_was_stored(desk):
    assert desk.aliases.all() == []
    assert list_deployments(desk.home.ledger, "Churn") == []
    assert list(desk.home.ledger.references()) == []
