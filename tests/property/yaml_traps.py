"""The corpus of traps: texts whose meaning differs between YAML readers, or that some reader does not take."""

from __future__ import annotations

# fmt: off
SCALARS = [
    "~", "null", "Null", "NULL", "nULL", "", "y", "Y", "yes", "Yes", "YES", "yEs", "n", "N", "no", "on", "On", "ON",
    "oN", "off", "OFF", "true", "True", "TRUE", "tRUE", "false", "0644", "0o644", "0O17", "0x1F", "0X1f", "0b101",
    "0B11", "-0b11", "0b-11", "0b+1", "-0x1F", "+12", "-12", "08", "09", "0_644", "1_000", "1__0", "_1", "1_",
    "0x_1f", "0b_1", "1e3", "1E3", "1e+3", "1e-3", "1.0", "1.", ".5", ".5e3", ".5_5", "._5", ".5_", ".e5", ".", "..",
    "1_0.5", "1.5_5", "1e1_0", ".5e1_0", "-.5", "+.5", "-.5_5", ".inf", "-.inf", "+.Inf", ".nan", ".NaN", "1:30",
    "1:30:20", "2001-01-01", "2001-1-1", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
    "18446744073709551616", "+18446744073709551615", "+9223372036854775808", "0xffffffffffffffff",
    "0x1ffffffffffffffff", "1e999", "-1e999", "1e-999", "1e20", "1e21", "1e22", "123456789012345678901234567890",
    "0777777777777777777777777", "<<", "=", "!!str 12", "!!str", "!!str ~", "!!int 12", '!!int "12"', "!!int 1.5",
    "!!int abc", '!!int ""', "!!float 1", "!!float 1.5", '!!float "1"', "!!float 18446744073709551615", "!!float abc",
    "!!bool yes", '!!bool "y"', "!!bool 1", '!!null ""', "!!null foo", "!!null ~", "!!binary aGVsbG8=",
    "!!binary //8=", "!!binary abc", '!!binary "aGVs\\nbG8="', "!!timestamp 2001-01-01", "!!timestamp foo",
    "!!timestamp 2001-13-01", "!foo bar", "! 12", '! "12"', "!!set {a}", "!!merge <<", "!<tag:yaml.org,2002:int> 3",
    '"12"', "'yes'", '"\\u263a"', '"\\x41"', '"\\/"', '"a\\\n  b"', "{a: 1}", "{a:1}", "[a:b]", "[a, b: c]", "{a}",
    "{a,b}", '{"a":1}', '{"a":"b"}', "{url: http://x}", "[http://x]", "[?a]", "{? a : b}", "{a: }", "[a,]", "[,]",
    "a:b", "a :b", "a#b", "a #b", "- a", "-a", "--- a", "? a", "@a", "`a", "%a", "&a b", "*a", "&a", '"a" b',
    "'a''b'", "a: b", ":a", "::", "[a", "{a", '"a', "'a", "]", "}", ",a", "?a", "-", "?", ":", "a:", "-1e3", "+1e3",
    "1e", "e1", "0x", "0b", "0o", "0o8", "00", "000", "007", "-0", "-0.0", "0.0", "+0", "0e0", "1e400", "inf", "nan",
    "Infinity", "NaN", "0.1", "1.1", "3.4028235e38", "1e-7", "0x1p-2", "1_000.5_0", "12e03", "+.inf", ".Inf", "-.NaN",
    "+.nan", "\u00e9", "\u00a0", "\u2028", "a\u2028b", "a\u0085b", "\ufeff", "\u007f", "\u0001", "\U0001f600", "\t",
    "a\tb", "\ta", "a \tb", '"a\tb"', "! ", "!!int", "!!float", "!!bool", "!!map {a: 1}", "!!seq [1]", "!!map [1]",
    "!!str {a: 1}", "!!str [1]", "!!int {a: 1}", "2001-01-01T00:00:00Z", "20010101", "1-1", "1+1", "1..2", "1.2.3",
    "10.0.0.1", "1e3e3", "--1", "++1", "-+1", "- 1", "+ 1", "-a: b", "0xg", "0888", "0.08", "08.5", "1,000", "$1",
    "${a}", "{{ a }}", "{{a}}", "{ a: {b: c} }", "[[[a]]]", "[ a b, c ]", '"a": b',
]

DOCUMENTS = [
    "a: &x {b: 1}\nc: *x\n", "a: &x {b: 1}\nc: {<<: *x, b: 2}\n", "a: &x {b: 1}\nc: {b: 2, <<: *x}\n",
    "a: &x {b: 1}\nd: &y {b: 3, e: 4}\nc: {<<: [*x, *y]}\n", "a: &x {b: 1}\nc:\n  <<: *x\n  <<: {d: 1}\n", "<<: 1\n",
    "<<: [1]\n", "<<: ~\n", "<<: {a: 1}\n", '"<<": {a: 1}\n', "? <<\n: {a: 1}", "a: &x 1e6\n*x : b\n",
    "a: &x 1\n*x : b\n", "&a a: *a\n", "a: &x [*x]\n", "a: *x\n", "a: &x {b: 1}\n*x : 1\n", "a: 1\na: 2\n",
    "a: |\n  x\n y\n", "a: |\n\tx\n", "a: |2\n   x\n", "a: |+\n  x\n\n\n",
    "a: >\n  x\n  y\n\n  z\n", "a: >-\n  x\n   y\n", "a: |\n\n\n  x\n", "a: |\n   \n  x\n", 'a: "x\n  y"\n',
    'a: "x\ny"\n', "a: x\n  y\n", "a: x\ny\n", 'a: "x\n--- y"\n', "a:\n- b\n- c\n", "a:\n  - b\n - c\n",
    "a: 1\n  b: 2\n", "a:\n\tb: 1\n", "a:\tb\n", "a: b\t\n", "a:   \tb\n", "- \ta\n", "-\ta\n", "a: 1\r\nb: 2\r\n",
    "a: |\r\n  x\r\n  y\r\n", "a: 1\rb: 2\r", "a: x\u2028  y\n", "\ufeffa: 1\n", 'a: "\ufeff"\n',
    "%YAML 1.1\n---\na: 1\n", "%FOO\n---\na: 1\n", "%TAG ! x:\n---\na: !y 1\n", "a: 1\n...\n", "a: 1\n...\nb: 2\n",
    "a: 1\n---\nb: 2\n", "a: 1\n--- [\n", "# c\n", "", "\n", "---\n", "--- # x\n", "...\n", "--- a: b\n",
    "--- {a: b}\n", "--- |\n x\n", "---a: b\n", 'a: "\\ud83d\\ude00"\n', '{"a": "\\ud83d\\ude00"}\n', 'a: "\\q"\n',
    "a: !!binary |\n  aGVs\n  bG8=\n", "? a\n: b\n", "? a\nb: c\n", "? [a]\n: b\n", "? {a: b}\n: c\n",
    "a: {b: c, b: d}\n", "a: !!str\nb: 1\n", "a: &x\nb: *x\n", "&x : a\n", "!!null : a\n", "a: [\n1,\n2\n]\n",
    "a: [\n1,\n2\n  ]\n", "a: {\nb: 1\n}\n", '{\n\t"a": 1\n}\n', '{\n\t"a":\t1,\n\t"b":[\n\t1]\n}\n',
    "a: # c\n  b: 1 # d\n", "a: b # c\n# d\n", 'a: "b"# c\n', "a: #\n", "- - a\n  - b\n- c\n", "-\n  a\n",
    "- a: 1\n  b: 2\n-\n- ~\n", "a: -\n", "a: - b\n", "a:\n-\n", "[]\n", "{}\n", '"a"\n', "a\n", "12\n",
    "a: !x!y z\n", "a: !<foo> z\n", "a: !!foo z\n", "a: !!int 0x1f\n", "a: ! |\n  12\n", "a: !!int |\n  12\n",
    "a: |\n  12\n", "a: >\n  yes\n", "a: *x\nb: &x 1\n", "a: &x 1\nb: &x 2\nc: *x\n", "1.5: a\n", "1e6: a\n",
    "1e300: a\n", "123456789.0: a\n", "0.1: a\n", "1e-5: a\n", "1e5: a\n", "100000.5: a\n", "16777217.0: a\n",
    "1e100: a\n-1e100: b\n", ".inf: a\n-.inf: b\n.nan: c\n", "-0.0: a\n", "0.0001: a\n", "0.00001234: b\n",
    "3.4028236e38: a\n", "9223372036854775807: a\n", "9223372036854775808: a\n", "18446744073709551616: a\n",
    "2001-01-01: a\n", "!!binary aGVsbG8=: a\n", "!!float 1: a\n", "!!str 1: a\n", "x" * 1030 + ": 1\n",
    '"' + "x" * 1030 + '": 1\n', '{"' + "x" * 1030 + '": 1}\n', "? " + "x" * 1030 + "\n: 1\n",
]

STRICTER = [
    "[?a]: v\n", "{? a : b}: v\n", "[]]\n", "[a:]\n", "{k: }}\n", "{k: a:}\n", "{}: v}\n", '"a" b',
    "a: 1\n...\nb: 2\n",
]
"""Kubernetes reads the first node of these and drops the rest without a word, or takes a colon where YAML does not."""

# fmt: on

_A, _B = ('{"apiVersion": "v1", "kind": "A", "metadata": {"name": "NAME"}}'.replace("NAME", name) for name in "ab")
_C = "apiVersion: v1\nkind: C\nmetadata:\n  name: c\n"

STREAMS = [
    _C,
    f"---\n{_C}",
    f"---\n---\n{_C}---\n",
    f"# only a comment\n---\n# leading\n{_C}--- # behind\n{_C}",
    f"{_C}---\n\n# nothing\n\n---\n{_C}",
    f"{_C}---   \n{_C}",
    f"{_C}...\n---\n{_C}",
    _C.replace("\n", "\r\n") + "---\r\n" + _C.replace("\n", "\r\n"),
    _C.rstrip(),
    f"{_C}---\n{_C}".rstrip(),
    f"\ufeff{_C}",
    f"{_C}data:\n  x: |\n    a\n    ---\n    b\n---\n{_C}",
    _A,
    f"{_A}\n{_B}\n",
    f"{_A}{_B}",
    f"\n  {_A}\n\n{_B}",
    f"{_A}\n---\n{_B}\n",
    f"{_C}---\n{_A}\n",
    "",
    "---\n",
    "# nothing\n",
]
