"""JUnit XML: what CI systems read as tests."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from keywave.emit import report
from keywave.emit.reports import ReportOptions
from keywave.findings import Finding, Location, Severity

ERROR = Finding(
    "KW6101", 'wrong "name" & <more>', "mend it", Location("a.yaml", 4, ("spec", "x")), subject="Secret shop/a",
    related=(Location("b.yaml", 2),),
)  # fmt: skip
WARNING = Finding("KW4008", "old", "", Location("a.yaml", 9), Severity.WARNING, "Secret shop/b")
PROVED = (("VaultStaticSecret shop/app", "kv/shop/app"),)

# What the readers take: element -> (attributes it must have, further ones it may have, elements in it).
SHAPE: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"name"}, {"time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"skipped", "time", "timestamp", "hostname", "id", "package", "file"},
        {"testcase", "properties", "system-out", "system-err"},
    ),
    "testcase": ({"name"}, {"classname", "time"}, {"failure", "error", "skipped", "system-out", "system-err"}),
    "failure": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}


def misshapen(element: ElementTree.Element) -> list[str]:
    """What in the document the readers would not take."""
    must, may, within = SHAPE[element.tag]
    given = set(element.attrib)
    problems = [f"{element.tag}: {name}" for name in sorted((must - given) | (given - must - may))]
    for child in element:
        problems += misshapen(child) if child.tag in within else [f"{child.tag} in {element.tag}"]
    return problems


def test_errors_fail_warnings_pass_and_tell_and_what_is_proved_passes() -> None:
    assert report([WARNING, ERROR], "junit", ReportOptions(proved=PROVED)) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<testsuites name="keywave" tests="3" failures="1" errors="0">\n'
        '  <testsuite name="keywave" tests="3" failures="1" errors="0" skipped="0">\n'
        '    <testcase classname="Secret shop/a" name=\'KW6101 wrong "name" &amp; &lt;more&gt;\'>\n'
        '      <failure type="KW6101" message=\'wrong "name" &amp; &lt;more&gt;\'>wrong "name" &amp; &lt;more&gt;\n'
        "a.yaml:4  $.spec.x\nfix: mend it\nsee also: b.yaml:2</failure>\n"
        "    </testcase>\n"
        '    <testcase classname="Secret shop/b" name="KW4008 old">\n'
        "      <system-out>warning KW4008: old\na.yaml:9</system-out>\n"
        "    </testcase>\n"
        '    <testcase classname="VaultStaticSecret shop/app" name="kv/shop/app"/>\n'
        "  </testsuite>\n</testsuites>\n"
    )


@pytest.mark.parametrize(
    ("sentence", "findings"),
    [
        ("nothing at all", []),
        ("an error and a warning", [ERROR, WARNING]),
        ("a finding without place and object", [Finding("KW0701", "nothing")]),
        ("signs that XML cannot hold", [ERROR._replace(message="a\x00b\x1bc\ud800d", subject="\x07")]),
    ],
)
def test_what_comes_out_is_taken_by_the_readers(sentence: str, findings: list[Finding]) -> None:
    text = report(findings, "junit", ReportOptions(proved=PROVED))

    assert misshapen(ElementTree.fromstring(text.encode())) == []
