"""Signature Version 4 by AWS' published examples (the test suite aws-sig-v4-test-suite and "Create a signed request")."""

from __future__ import annotations

import pytest

from keywave.controller.auth_methods.aws_signature import AwsCredentials, Unsigned, signed, signing_key
from keywave.vault.masked import Masked

EXAMPLE = AwsCredentials("AKIDEXAMPLE", Masked("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
HOST = "https://example.amazonaws.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

PUBLISHED = {
    "get-vanilla": (
        Unsigned("GET", f"{HOST}/", {}),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "get-vanilla-query-order-key-case": (
        Unsigned("GET", f"{HOST}/?Param2=value2&Param1=value1", {}),
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "post-vanilla": (
        Unsigned("POST", f"{HOST}/", {}),
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "post-x-www-form-urlencoded": (
        Unsigned("POST", f"{HOST}/", FORM, b"Param1=value1"),
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_example_gets_its_published_signature(name: str) -> None:
    request, signature = PUBLISHED[name]
    made = signed(request, EXAMPLE, region="us-east-1", service="service", at="20150830T123600Z")

    assert made["Authorization"].rpartition("=")[2] == signature


def test_the_whole_header_of_the_published_request_to_iam() -> None:
    request = Unsigned(
        "GET",
        "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    )
    made = signed(request, EXAMPLE, region="us-east-1", service="iam", at="20150830T123600Z")

    assert made["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )
    assert signing_key(EXAMPLE, "20150830/us-east-1/iam/aws4_request").hex() == (
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    )


def test_every_header_is_signed_and_only_the_host_is_left_to_the_sender() -> None:
    request = Unsigned("POST", f"{HOST}/", {**FORM, "X-Vault-AWS-IAM-Server-ID": "vault.example.com"}, b"Action=x")
    temporary = EXAMPLE._replace(session_token=Masked("session"))
    made = signed(request, temporary, region="eu-west-1", service="sts", at="20150830T123600Z")

    assert {name: value for name, value in made.items() if name != "Authorization"} == {
        **request.headers,
        "X-Amz-Date": "20150830T123600Z",
        "X-Amz-Security-Token": "session",
    }
    assert (
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-vault-aws-iam-server-id,"
        in made["Authorization"]
    )


def test_no_text_shows_the_secret_key(canary: str) -> None:
    print(AwsCredentials("AKIDEXAMPLE", Masked(canary), Masked(canary)))
