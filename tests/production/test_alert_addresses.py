"""Alerts go to the public internet: what leads elsewhere is refused, in whatever form it is written."""

import pytest

from headwater.model.errors import AlertNotDelivered
from headwater.production.alerts.addresses import find_destination, is_allowed


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "168.63.129.16",
        "100.100.100.200",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:0:0:0:0:f5ff:fffe",
    ],
)
def test_an_address_that_is_not_public_is_refused(address):
    assert not is_allowed(address, is_private_allowed=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is_allowed(address):
    assert is_allowed(address, is_private_allowed=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "fc00::1", "::ffff:127.0.0.1", "192.168.1.1"])
def test_the_setting_allows_private_addresses(address):
    assert is_allowed(address, is_private_allowed=True)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fe80::1",
        "fd00:ec2::254",
        "168.63.129.16",
        "100.100.100.200",
        "0.0.0.0",
        "::",
        "224.0.0.1",
    ],
)
def test_the_setting_does_not_allow_where_clouds_tell_their_secrets(address):
    assert not is_allowed(address, is_private_allowed=True)


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "::1", "::ffff:127.0.0.1"],
)
def test_every_way_to_write_this_machine_is_refused(host):
    with pytest.raises(AlertNotDelivered, match="not on the public internet"):
        find_destination(host, 80, is_private_allowed=False)


def test_a_name_that_leads_to_this_machine_is_refused():
    with pytest.raises(AlertNotDelivered, match=r"hooks\.example\.com is not on the public internet"):
        find_destination("hooks.example.com", 443, is_private_allowed=False, ask=lambda host, port: ["127.0.0.1"])


def test_of_the_addresses_of_a_name_only_public_ones_are_connected_to():
    found = find_destination("both.test", 443, is_private_allowed=False, ask=lambda host, port: ["10.0.0.1", "8.8.8.8"])

    assert found.addresses == ("8.8.8.8",)


def test_a_name_is_resolved_once_so_that_a_second_answer_does_not_count():
    answers = [["8.8.8.8"], ["127.0.0.1"]]
    found = find_destination("flips.test", 443, is_private_allowed=False, ask=lambda host, port: answers.pop(0))

    assert (found.addresses, answers) == (("8.8.8.8",), [["127.0.0.1"]])


def test_an_unknown_name_is_told():
    with pytest.raises(AlertNotDelivered, match=r"nowhere\.invalid is unknown"):
        find_destination("nowhere.invalid", 443, is_private_allowed=False)
