"""What a template means, and where its errors stand. Go's own answers are in tests/integration/test_gotemplate_against_go.py."""

from __future__ import annotations

import pytest

from keywave.gotemplate import FUNCTIONS, NOT_OFFERED, RANDOM, Number, Outside, TemplateError, parse, secret_input


class Fixed:
    """Chance that always falls the same way."""

    def randrange(self, start: int, stop: int) -> int:
        return stop - 1

    def shuffle(self, x: list[str]) -> None:
        x.reverse()


OUTSIDE = Outside(chance=Fixed(), bcrypt=lambda password: f"hash of {len(password)}")


def rendered(text: str, data: object = None) -> str:
    return parse("t", text).render(data, outside=OUTSIDE)


@pytest.mark.parametrize(
    ("text", "line", "column", "kind", "message"),
    [
        ("a\n  {{ nothing }}", 2, 6, "parse", "function 'nothing' not defined"),
        ("{{ if true }}", 1, 14, "parse", "unexpected end of text: an {{end}} is missing"),
        ("é {{ 1 | len }}", 1, 10, "exec", "error calling len: len of type int"),
        ('{{ "a" }}\n\n{{ .x.y | index 1 }}', 3, 11, "exec", "error calling index: can't index item of type int"),
        ("{{ upper 1 }}", 1, 10, "exec", "expected string"),
        ('{{ define "d" }}\n{{ fail "stop" }}{{ end }}{{ template "d" }}', 2, 4, "exec", "fail: stop"),
        ("{{ 3i }}", 1, 4, "unsupported", "imaginary numbers are not offered"),
        ('{{ mustToDate "a" "b" }}', 1, 4, "unsupported", "function 'mustToDate' is not offered"),
        ("{{ env `HOME` }}", 1, 4, "parse", "function 'env' not defined"),
    ],
)
def test_an_error_says_where_and_what(text: str, line: int, column: int, kind: str, message: str) -> None:
    with pytest.raises(TemplateError) as stopped:
        rendered(text, {})
    error = stopped.value
    assert (error.line, error.column, error.kind, error.message) == (line, column, kind, message)
    assert str(error) == f"template t:{line}:{column}: {message}"


def test_the_words_of_fail_are_not_shown_where_they_hold_data() -> None:
    with pytest.raises(TemplateError, match=r"error calling fail: the template's own message, which is not shown"):
        rendered('{{ fail (print "no " .secret) }}', {"secret": "s3cr3t"})


def test_an_error_in_another_template_stands_in_that_text() -> None:
    other = parse("other", '\n{{ define "x" }}{{ len 1 }}{{ end }}')
    with pytest.raises(TemplateError, match=r"^template other:2:20: ") as stopped:
        parse("t", '{{ template "x" }}').render({}, others={"other": other})
    assert stopped.value.name == "other"


def test_of_two_definitions_the_later_counts_and_the_template_itself_is_last() -> None:
    mine = parse("mine", '{{ define "x" }}mine{{ end }}{{ template "x" }}')
    other = parse("other", '{{ define "x" }}other{{ end }}')
    assert mine.render({}, others={"other": other}) == "mine"
    assert mine.render({}, others={"mine": mine, "other": other}) == "other"


def test_a_template_changes_nothing_that_the_caller_holds() -> None:
    data = {"m": {"a": 1}, "l": ["b", "a"]}
    assert rendered('{{ $_ := set .m "b" (list) }}{{ $_ := sortAlpha .l }}{{ .m }}', data) == "map[a:1 b:[]]"
    assert data == {"m": {"a": 1}, "l": ["b", "a"]}


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {"b": b"".__class__}}, [print], {"x": {1, 2}}])
def test_data_that_is_no_plain_value_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"^a template's data "):
        rendered("x", value)


@pytest.mark.parametrize("name", ["__class__", "__dict__", "keys", "upper", "format", "append", "__init__"])
def test_no_attribute_of_a_python_object_can_be_reached(name: str) -> None:
    assert rendered(f"{{{{ .{name} }}}}", {"a": 1}) == "<no value>"
    for value in ("x", 1, [1], 1.5, True, Number("1")):
        with pytest.raises(TemplateError, match="can't evaluate field"):
            rendered(f"{{{{ .a.{name} }}}}", {"a": value})


def test_bytes_that_are_no_text_come_through_whole() -> None:
    text = rendered('{{ "AAH/gA==" | b64dec }}{{ "w6k=" | b64dec | trunc 1 }}{{ "w6k=" | b64dec | substr 1 2 }}')
    assert text.encode("utf-8", "surrogateescape") == b"\x00\x01\xff\x80\xc3\xa9"
    assert text.endswith("é")


def test_numbers_are_what_they_were_decoded_to() -> None:
    data = secret_input({"number": Number("1.50"), "float": 1e6, "int": 1000000})
    assert rendered("{{ .Secrets.number }} {{ .Secrets.float }} {{ .Secrets.int }}", data) == "1.50 1e+06 1000000"


def test_what_is_random_comes_from_outside() -> None:
    text = '{{ randInt 1 10 }} {{ shuffle "abc" }} {{ bcrypt "pass" }} {{ htpasswd "u" "password" }}'
    assert rendered(text) == "9 cba hash of 4 u:hash of 8"
    assert {"randInt", "shuffle", "bcrypt", "htpasswd"} == RANDOM


def test_bcrypt_without_a_hasher_is_refused() -> None:
    with pytest.raises(TemplateError, match="bcrypt is not offered here"):
        parse("t", '{{ bcrypt "x" }}').render({})


def test_the_functions_are_those_that_the_operator_allows() -> None:
    of_go = [
        "and",
        "call",
        "eq",
        "ge",
        "gt",
        "html",
        "index",
        "js",
        "le",
        "len",
        "lt",
        "ne",
        "not",
        "or",
        "print",
        "printf",
        "println",
        "urlquery",
    ]
    assert len((FUNCTIONS.keys() - set(of_go)) | NOT_OFFERED) == 179
    assert FUNCTIONS.keys().isdisjoint(NOT_OFFERED)
    assert FUNCTIONS.keys().isdisjoint(
        {"env", "expandenv", "now", "date", "uuidv4", "genCA", "getHostByName", "derivePassword"}
    )
