"""Groups by a dotted path, roles by the mapping, names of subjects."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.access.single_sign_on.claims import LONGEST_NAME, find_claim, name_of, roles_of

MAPPING = {"plant-operators": "operator", "plant-engineers": "engineer", "it-admins": "administrator"}
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("claims", "path", "expected"),
    [
        ({"roles": ["a"]}, "roles", ["a"]),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", ["a"]),
        ({"resource_access": {"fermon": {"roles": ["a"]}}}, "resource_access.fermon.roles", ["a"]),
        ({"https://plant.example/roles": ["a"]}, "https://plant.example/roles", ["a"]),
        ({"https://plant.example/": {"roles": ["a"]}}, "https://plant.example/.roles", ["a"]),
        (
            {"resource_access": {"fermon.plant": {"roles": ["a"]}}},
            "resource_access.fermon.plant.roles",
            ["a"],
        ),
        ({"realm_access": "text"}, "realm_access.roles", None),
        ({}, "roles", None),
    ],
)
def test_a_claim_is_found_by_its_path(claims: dict[str, Any], path: str, expected: Any) -> None:
    assert find_claim(claims, path) == expected


@given(st.lists(names, min_size=1, max_size=4), st.integers())
def test_whatever_the_names_the_path_of_a_value_finds_it(path: list[str], value: int) -> None:
    claims: Any = value
    for name in reversed(path):
        claims = {name: claims}
    assert find_claim(claims, ".".join(path)) == value


@pytest.mark.parametrize(
    ("value", "roles"),
    [
        (["plant-operators", "others"], {"operator"}),
        (["plant-operators", "plant-engineers"], {"operator", "engineer"}),
        ("plant-engineers", {"engineer"}),
        ("plant-operators plant-engineers", set()),  # one group with a space in its name
        ({"plant-operators": {"1": "plant.example"}}, {"operator"}),  # as Zitadel writes them
        ([{"plant-operators": 1}, 3, None], set()),
        (["administrator", "engineer"], set()),  # names of roles are not groups
        (None, set()),
        (7, set()),
    ],
)
def test_only_groups_in_the_mapping_give_a_role(value: Any, roles: set[str]) -> None:
    assert roles_of(value, MAPPING) == roles


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(list(MAPPING)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(json_values)
def test_nobody_is_an_administrator_without_the_group_of_administrators(value: Any) -> None:
    found = roles_of(value, MAPPING)
    assert found <= set(MAPPING.values())
    assert ("administrator" in found) <= ("it-admins" in repr(value))


@given(st.dictionaries(st.sampled_from(["preferred_username", "name", "email", "sub"]), json_values))
def test_a_name_is_always_one_that_django_accepts(claims: dict[str, Any]) -> None:
    name = name_of(claims)
    assert 0 < len(name) <= LONGEST_NAME
    assert all(sign.isalnum() or sign in "_.@+-" for sign in name)
