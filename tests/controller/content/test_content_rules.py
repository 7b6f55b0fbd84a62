"""Which keys a Secret gets, which templates and filters count, and where the limits are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywave.controller.content import data as content
from keywave.controller.content.certificate import certificate_data
from keywave.controller.content.data import build_data
from keywave.controller.content.transformation import Transformation, references, transformation_of
from keywave.controller.model import Key, Resource, resource_of
from keywave.controller.problems import PlanProblem
from keywave.gotemplate import Number, Outside
from keywave.vault.values import Payload

TEAM = "team"


def resource(**metadata: Any) -> Resource:
    return resource_of({"kind": "VaultStaticSecret", "metadata": {"namespace": TEAM, "name": "app", **metadata}})


def shared(name: str, spec: dict[str, Any], *, valid: object = True, namespace: str = TEAM) -> tuple[Key, Resource]:
    metadata = {"namespace": namespace, "name": name}
    body = {"kind": "SecretTransformation", "metadata": metadata, "spec": spec, "status": {"valid": valid}}
    return Key("SecretTransformation", namespace, name), resource_of(body)


def transformation(spec: dict[str, Any], *others: tuple[Key, Resource]) -> Transformation:
    destination = {"name": "app", "transformation": spec}
    found = dict(others)
    asked = {key: found.get(key) for key in references(resource(), destination)}
    return transformation_of(resource(), destination, asked)


def made(spec: dict[str, Any], secrets: dict[str, Any], *others: tuple[Key, Resource]) -> dict[str, bytes]:
    known = transformation({"excludeRaw": True, **spec}, *others)
    return build_data(secrets, {"data": secrets}, known, resource())


def text(value: str, **more: str) -> dict[str, str]:
    return {"text": value, **more}


SECRETS = {"user": "u", "password": "p", "url": "db"}
USER = '{{ get .Secrets "user" }}'


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, {"user": b"u", "password": b"p", "url": b"db"}),
        ({"includes": ["^u"]}, {"user": b"u", "url": b"db"}),
        ({"excludes": ["^u"]}, {"password": b"p"}),
        ({"includes": ["^u"], "excludes": ["rl$"]}, {"user": b"u"}),
        ({"includes": ["^nothing$"]}, {}),
        ({"includes": ["s"]}, {"user": b"u", "password": b"p"}),
        ({"templates": {"dsn": text(USER)}}, {"dsn": b"u", **{k: v.encode() for k, v in SECRETS.items()}}),
        ({"templates": {"user": text("x-" + USER)}, "includes": ["user"]}, {"user": b"x-u"}),
        ({"templates": {"dsn": text(USER)}, "excludes": [".*"]}, {"dsn": b"u"}),
        ({"templates": {"dsn": text(USER)}, "excludes": ["dsn", "u", "p"]}, {"dsn": b"u"}),
        (
            {
                "templates": {"a": text("{{ template `b` . }}!", name="a"), "b": text(USER, name="b")},
                "excludes": [".*"],
            },
            {"a": b"u!", "b": b"u"},
        ),
    ],
)
def test_templates_win_over_filters_and_excludes_over_includes(
    spec: dict[str, Any], expected: dict[str, bytes]
) -> None:
    assert made(spec, SECRETS) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", b"text"),
        (Number("1.0"), b"1.0"),
        (True, b"true"),
        (None, b"null"),
        ([Number("1"), "b"], b'[1,"b"]'),
        ({"b": "<", "a": {}}, b'{"a":{},"b":"\\u003c"}'),
        ("é", "é".encode()),
    ],
)
def test_text_stays_as_it_is_and_anything_else_is_json(value: object, expected: bytes) -> None:
    assert made({}, {"key": value}) == {"key": expected}


def test_the_whole_answer_is_under_raw_unless_somebody_says_otherwise() -> None:
    raw = {"data": {"a": "b"}, "metadata": {"version": Number("3")}}
    assert build_data({"a": "b"}, raw, Transformation(), resource()) == {
        "a": b"b",
        "_raw": b'{"data":{"a":"b"},"metadata":{"version":3}}',
    }
    assert build_data({"a": "b"}, raw, Transformation(exclude_raw=True), resource()) == {"a": b"b"}
    assert build_data({"a": "b"}, raw, Transformation(), resource(), exclude_raw=True) == {"a": b"b"}
    with pytest.raises(PlanProblem, match="_raw of its own"):
        build_data({"_raw": "b"}, raw, Transformation(), resource())


def test_a_template_sees_metadata_labels_and_annotations() -> None:
    template = text("{{ .Metadata.custom_metadata.owner }}-{{ .Labels.tier }}-{{ .Annotations.note }}")
    known = transformation({"excludeRaw": True, "templates": {"x": template}})
    owner = resource(labels={"tier": "gold"}, annotations={"note": "n"})
    raw = {"data": {}, "metadata": {"custom_metadata": {"owner": "me"}}}
    assert build_data({}, raw, known, owner) == {"x": b"me-gold-n"}


COMMON = {
    "templates": {"dsn": text(USER, name="dsn"), "other": text("o", name="other")},
    "sourceTemplates": [text('{{ define "half" }}h{{ end }}', name="helpers")],
    "includes": ["^user$"],
    "excludes": ["^url$"],
}


@pytest.mark.parametrize(
    ("reference", "spec", "expected"),
    [
        ({}, {}, {"dsn": b"u", "other": b"o", "user": b"u"}),
        ({"ignoreIncludes": True}, {}, {"dsn": b"u", "other": b"o", "user": b"u", "password": b"p"}),
        (
            {"ignoreExcludes": True, "ignoreIncludes": True},
            {},
            {"dsn": b"u", "other": b"o", "user": b"u", "password": b"p", "url": b"db"},
        ),
        ({"templateRefs": [{"name": "dsn", "keyOverride": "DSN"}]}, {}, {"DSN": b"u", "user": b"u"}),
        ({"templateRefs": [{"name": "dsn"}]}, {"includes": ["^pass"]}, {"dsn": b"u", "password": b"p", "user": b"u"}),
        (
            {},
            {"templates": {"full": text('{{ template "half" . }}')}},
            {"dsn": b"u", "other": b"o", "full": b"h", "user": b"u"},
        ),
    ],
)
def test_a_shared_transformation_is_laid_under_the_objects_own(
    reference: dict[str, Any], spec: dict[str, Any], expected: dict[str, bytes]
) -> None:
    whole = {**spec, "transformationRefs": [{"name": "common", **reference}]}
    assert made(whole, SECRETS, shared("common", COMMON)) == expected


@pytest.mark.parametrize(
    ("spec", "others", "reason", "told"),
    [
        ({"templates": {"a": text("{{ nothing }}")}}, (), "TransformationError", "nothing"),
        ({"templates": {"a": text("{{")}}, (), "TransformationError", "team/app/a:1"),
        (
            {"templates": {"a": text("1", name="x"), "b": text("2", name="x")}},
            (),
            "TransformationError",
            "two templates of the name x",
        ),
        (
            {"transformationRefs": [{"name": "absent"}]},
            (),
            "InvalidResourceRef",
            "there is no SecretTransformation team/absent",
        ),
        (
            {"transformationRefs": [{"name": "bad"}]},
            (shared("bad", {"excludes": ["("]}, valid=True),),
            "InvalidResourceRef",
            "SecretTransformation team/bad is not valid: excludes: '(' is no pattern",
        ),
        (
            {"transformationRefs": [{"name": "bad", "templateRefs": [{"name": "fine"}]}]},
            (shared("bad", {"templates": {"fine": text("x"), "other": text("{{ if }}")}}, valid=True),),
            "InvalidResourceRef",
            "SecretTransformation team/bad is not valid: template other:1",
        ),
        (
            {"transformationRefs": [{"name": "common", "templateRefs": [{"name": "none"}]}]},
            (shared("common", COMMON),),
            "TransformationError",
            "has no template 'none'",
        ),
        (
            {"transformationRefs": [{"name": "common"}, {"name": "common", "namespace": TEAM}]},
            (shared("common", COMMON),),
            "TransformationError",
            "referred to twice",
        ),
    ],
)
def test_what_is_wrong_is_said_before_vault_is_asked(
    spec: dict[str, Any], others: tuple[tuple[Key, Resource], ...], reason: str, told: str
) -> None:
    with pytest.raises(PlanProblem) as caught:
        transformation(spec, *others)
    assert (caught.value.reason, told in caught.value.message) == (reason, True)


@pytest.mark.parametrize(
    ("spec", "secrets", "told"),
    [
        ({}, {"a b": "x"}, "is no key that a Secret can have"),
        ({}, {"..x": "x"}, "is no key that a Secret can have"),
        ({}, {"a" * 254: "x"}, "is no key that a Secret can have"),
        ({}, {"": "x"}, "is no key that a Secret can have"),
        ({}, {"a": "x" * (1 << 20), "b": "y"}, "larger than the 1 MiB"),
        ({"includes": ["("]}, {"a": "x"}, "a pattern of includes or excludes cannot be used"),
        ({"templates": {"a": text('{{ fail "CANARY" }}')}}, {"a": "x"}, "team/app/a:1"),
    ],
)
def test_data_that_kubernetes_would_refuse_is_refused_without_a_value(
    spec: dict[str, Any], secrets: dict[str, Any], told: str
) -> None:
    with pytest.raises(PlanProblem) as caught:
        made(spec, secrets)
    assert (caught.value.reason, told in caught.value.message, "xxx" in caught.value.message) == (
        "TransformationError",
        True,
        False,
    )


class Clock:
    """Each look takes so long."""

    def __init__(self, step: float) -> None:
        self.step, self.now = step, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_all_templates_of_an_object_share_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    many = {"templates": {f"t{n}": text("x") for n in range(60)}, "excludes": [".*"]}
    monkeypatch.setattr(content, "_OUTSIDE", Outside(clock=Clock(0.01)))
    assert len(made(many, SECRETS)) == 60
    monkeypatch.setattr(content, "_OUTSIDE", Outside(clock=Clock(0.1)))
    with pytest.raises(PlanProblem) as caught:
        made(many, SECRETS)
    assert caught.value.message == "the templates take more than 5 seconds together"


def test_all_templates_of_an_object_share_one_mebibyte() -> None:
    big = {f"t{n}": text('{{ repeat 300000 "y" }}') for n in range(400)}
    with pytest.raises(PlanProblem, match="larger than the 1 MiB"):
        made({"templates": big, "excludes": [".*"]}, SECRETS)


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), st.text(max_size=3), max_size=8),
    st.lists(st.sampled_from(["^a", "b", "c$", "."]), max_size=2),
    st.lists(st.sampled_from(["^a", "b", "c$"]), max_size=2),
)
def test_filters_only_choose(secrets: dict[str, str], includes: list[str], excludes: list[str]) -> None:
    chosen = made({"includes": includes, "excludes": excludes}, secrets)
    assert chosen.keys() <= secrets.keys()
    rest = made({"excludes": excludes}, secrets)
    assert chosen.keys() <= rest.keys()
    if not includes:
        assert chosen == rest


CERTIFICATE = {"certificate": "CERT", "private_key": "KEY", "issuing_ca": "CA", "serial_number": "1"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"ca_chain": ["ONE", "TWO"]}, {"tls.crt": b"CERT\nONE\nTWO", "tls.key": b"KEY"}),
        ({}, {"tls.crt": b"CERT\nCA", "tls.key": b"KEY", "ca.crt": b"CA"}),
        ({"issuing_ca": ""}, {"tls.crt": b"CERT", "tls.key": b"KEY"}),
    ],
)
def test_a_certificate_becomes_the_keys_of_a_tls_secret(more: dict[str, Any], expected: dict[str, bytes]) -> None:
    answer = {**CERTIFICATE, **more}
    payload = Payload(answer, answer, at=0.0)
    data = certificate_data(payload, Transformation(exclude_raw=True), resource(), tls=True)
    assert {key: data[key] for key in data if key in ("tls.crt", "tls.key", "ca.crt")} == expected
    assert data["certificate"] == b"CERT"
    plain = certificate_data(payload, Transformation(exclude_raw=True), resource(), tls=False)
    assert plain.keys() == answer.keys()
    templated = transformation({"excludeRaw": True, "templates": {"pem": text("{{ .Secrets.certificate }}")}})
    assert "tls.crt" not in certificate_data(payload, templated, resource(), tls=True)


@pytest.mark.parametrize("valid", [None, False])
def test_a_shared_transformation_counts_by_what_it_says_before_its_status_does(valid: object) -> None:
    other = shared("new", {"excludes": ["password", "url"]}, valid=valid)
    assert made({"transformationRefs": [{"name": "new"}]}, SECRETS, other) == {"user": b"u"}
