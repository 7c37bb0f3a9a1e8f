def test_flows_are_listed_with_how_their_runs_went(site, history):
    history.run().finish("failed")
    history.run().finish()
    history.run("Fraud", parameters={"alpha": 0.5})

    rows = site.get("/flows").value["rows"]

    assert [(row["flow"], row["runs"], row["succeeded"]) for row in rows] == [("Churn", 2, 1), ("Fraud", 1, 0)]
    assert [run["status"] for run in rows[0]["finished"]] == ["succeeded", "failed"]
    assert rows[1]["last"]["parameters"] == {"alpha": 0.5}
    assert (rows[0]["owner"], rows[0]["headline"]) == ("", "")


def test_the_list_of_flows_goes_on_by_name(site, history):
    for flow in ("A", "B", "C"):
        history.run(flow)

    first = site.get("/flows", limit=2).value
    rest = site.get("/flows", limit=2, cursor=first["cursor"]).value

    assert [row["flow"] for row in first["rows"] + rest["rows"]] == ["A", "B", "C"]
    assert rest["cursor"] is None


def test_a_flow_is_described_by_its_people(site, history):
    history.run()

    said = site.put("/flows/Churn/description", {"owner": " team red ", "text": "# Churn\n\nWho leaves."})
    again = site.put("/flows/Churn/description", {"owner": "ann", "text": "\n## Who leaves\n"})

    assert said.status == 200
    found = site.get("/flows/Churn").value
    assert found == again.value
    assert (found["text"], found["text_by"], found["summary"]["owner"]) == ("\n## Who leaves\n", "ann", "ann")
    assert found["summary"]["headline"] == "Who leaves"
    assert found["steps"] == ["start", "train", "end"]


def test_a_flow_that_never_ran_is_not_there(site, history):
    history.run()

    found = site.get("/flows/Chur")

    assert (found.status, found.value["choices"]) == (404, ["Churn"])
    assert site.put("/flows/Chur/description", {"text": "x"}).status == 404


def test_a_description_that_is_too_long_is_refused(site, history):
    history.run()

    assert site.put("/flows/Churn/description", {"text": "x" * 100_001}).status == 422
    assert site.put("/flows/Churn/description", {"text": 5}).status == 422


def test_a_mistyped_field_is_refused_and_clears_nothing(site, history):
    history.run()
    site.put("/flows/Churn/description", {"text": "Who leaves."})
    refused = site.put("/flows/Churn/description", {"description": "Who stays."})

    assert (refused.status, refused.value["hint"]) == (422, "there is: owner, text")
    assert "`description`" in refused.value["detail"]
    assert site.get("/flows/Churn").value["text"] == "Who leaves."


def test_a_viewer_reads_a_description_and_writes_none(site, history):
    history.run()
    site.people["vic"] = {"": "viewer"}
    site.people["eve"] = {"fraud": "admin"}

    assert site.get("/flows/Churn", who="vic").status == 200
    assert site.put("/flows/Churn/description", {"text": "x"}, who="vic").status == 403
    assert site.get("/flows/Churn", who="eve").status == 404
    assert site.put("/flows/Churn/description", {"text": "x"}, who="eve").status == 404
    assert site.get("/flows", who="eve").value["rows"] == []
