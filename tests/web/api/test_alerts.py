from headwater.model.alert import Alert, Delivery
from headwater.production.alerts.channel_book import add_channel
from headwater.production.alerts.channels import Webhook
from headwater.production.alerts.kept import Alerts


def raise_alert(scene, target="fraud.Churn@production", at=1.0, kind="failure", **facts):
    Alerts(scene.ledger).keep(Alert(f"{kind}/{target}/{at:g}", kind, at, target, f"{target} failed", "text", **facts))


def test_alerts_are_listed_newest_first_in_pages_and_filtered(scene):
    for at in range(1, 6):
        raise_alert(scene, at=float(at), kind="late" if at == 3 else "failure")

    first = scene.site.get("/alerts", limit=3).value
    rest = scene.site.get("/alerts", limit=3, cursor=first["cursor"]).value

    assert [row["at"] for row in first["rows"] + rest["rows"]] == [5.0, 4.0, 3.0, 2.0, 1.0]
    assert (rest["cursor"], first["is_told"]) == (None, False)
    assert [row["at"] for row in scene.site.get("/alerts", kind=["late", "metric"]).value["rows"]] == [3.0]
    assert [row["at"] for row in scene.site.get("/alerts", since=4).value["rows"]] == [5.0, 4.0]
    assert scene.site.get("/alerts", target="nothing").value["rows"] == []
    assert scene.site.get("/alerts", kind="odd").status == 400


def test_an_alert_shows_where_it_arrived(scene):
    told = (
        Delivery("webhook:team", 2.0, is_delivered=True, message="200"),
        Delivery("email:oncall", 2.0, is_delivered=False, message="refused"),
    )
    raise_alert(scene, run="Churn/1", deliveries=told, waiting={"email:oncall": 99.0})

    (row,) = scene.site.get("/alerts").value["rows"]
    shown = scene.site.get("/alert", cause="Churn/1").value

    assert (row["delivered"], row["waiting"], row["given_up"]) == (["webhook:team"], ["email:oncall"], [])
    assert (shown["row"], shown["text"]) == (row, "text")
    assert shown["next_tries"] == {"email:oncall": 99.0}
    assert [each["message"] for each in shown["deliveries"]] == ["200", "refused"]


def test_alerts_of_other_projects_are_not_there(scene):
    raise_alert(scene)
    raise_alert(scene, target="ads.Bid@production")

    assert [row["target"] for row in scene.site.get("/alerts", who="dan").value["rows"]] == ["ads.Bid@production"]
    hidden = scene.site.get("/alert", cause="failure/fraud.Churn@production/1", who="dan")
    absent = scene.site.get("/alert", cause="failure/fraud.Nothing@production/1", who="dan")
    assert hidden.status == 404
    assert hidden.body.replace(b"Churn", b"Nothing") == absent.body


def test_channels_never_show_what_is_secret_of_them(scene):
    add_channel(scene.desk.home_folder, Webhook("team", "https://hooks.example.org/services/T0P5ECRET"))

    seen = {who: scene.site.get("/alert-channels", who=who) for who in ("root", "ann", "cem")}

    assert all(b"T0P5ECRET" not in given.body for given in seen.values())
    assert seen["ann"].value["rows"] == [
        {"label": "webhook:team", "kind": "webhook", "where": "https://hooks.example.org/***"}
    ]
    assert seen["cem"].value["rows"] == [{"label": "webhook:team", "kind": "webhook", "where": ""}]
