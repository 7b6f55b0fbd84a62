"""How far a lock of a profile looks."""

from __future__ import annotations

from survey_references import MANIFEST, kv, login, reference

from keywave.intent.model import Auth, Profile
from keywave.survey.scope import Scope, scope_of


def _profile(prefix: str, **fields: object) -> Profile:
    return Profile("p", MANIFEST, False, "https://v", kv_prefix=prefix, **fields)  # type: ignore[arg-type]


def test_a_prefix_is_taken_as_far_as_it_is_one_folder_for_all_applications() -> None:
    prefixes = ["", "dev/", "dev/{namespace}/", "dev-", "a/b-${X}/c/"]

    assert [scope_of([_profile(prefix)], []).prefixes for prefix in prefixes] == [
        (("", "kv/"),),
        (("", "kv/dev/"),),
        (("", "kv/dev/"),),
        (("", "kv/"),),
        (("", "kv/a/"),),
    ]


def test_engines_and_auth_methods_are_those_of_profiles_and_references() -> None:
    profile = _profile("dev/", dynamic_mount="db", auth=Auth(mount="kubernetes-{namespace}"))
    references = [reference("pki", "pki", "web", identity=login("k8s", "shop")), kv("elsewhere", "x")]

    assert scope_of([profile], references) == Scope((("", "kv/dev/"),), (("", "db"), ("", "pki")), (("", "k8s"),))


def test_a_namespace_that_is_not_known_as_a_whole_is_not_taken_for_the_root() -> None:
    profile = _profile("dev/", vault_namespace="team-{namespace}")
    reference = kv("other", "a/b/c")._replace(vault_namespace="team-a")

    assert scope_of([profile], [reference]).prefixes == (("team-a", "kv/dev/"), ("team-a", "other/a/b/"))
