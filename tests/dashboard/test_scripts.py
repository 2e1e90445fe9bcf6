"""The checks and tests of the scripts (``tests/js``) assume a page like the one that the server sends."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from fermon_site.scripts import CHART_SCRIPT

ROOT = Path(__file__).parent.parent.parent
TOOLS = ROOT / "tests/js"
SCRIPTS = ROOT / "static/monitoring/js"


def shape_of(value: Any) -> Any:
    """The kinds that a JSON value is made of: an object by its keys, a list by its first item."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape_of(item) for item in value[:1]]
    return "number" if type(value) in (int, float) else type(value).__name__


@pytest.mark.django_db
def test_the_scripts_are_tested_with_settings_of_the_form_that_the_server_sends(client: Client) -> None:
    tested = json.loads((TOOLS / "settings.json").read_text())
    html = client.get("/dashboard").content.decode()
    sent = json.loads(re.search(r'<script id="settings"[^>]*>(.*?)</script>', html, re.DOTALL)[1])
    assert shape_of(tested) == shape_of(sent)


def test_the_types_are_those_of_the_chart_library_that_the_page_loads() -> None:
    version = json.loads((TOOLS / "package.json").read_text())["devDependencies"]["chart.js"]
    assert CHART_SCRIPT.name == f"Chart.js {version}"


def test_each_tool_is_pinned_exactly() -> None:
    pins = json.loads((TOOLS / "package.json").read_text())["devDependencies"]
    locked = json.loads((TOOLS / "package-lock.json").read_text())["packages"]
    assert pins == {name: locked[f"node_modules/{name}"]["version"] for name in pins}


def declared_elements() -> dict[str, str]:
    """The kind of each element that the scripts may look for, by its id, as the types say."""
    declared = re.search(r"interface PageElements \{(.*?)\n\}", (TOOLS / "page.d.ts").read_text(), re.DOTALL)
    assert declared
    return dict(re.findall(r'^  "?([\w-]+)"?: (\w+)', declared[1], re.MULTILINE))


def elements_in_templates() -> dict[str, str]:
    """The tag of each element with an id, by the id."""
    pages = "\n".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    found = {name: tag for tag, name in re.findall(r'<([a-z]+)\b[^<>]*?\bid="([\w-]+)"', pages)}
    return {**found, **dict.fromkeys(re.findall(r'json_script:"([\w-]+)"', pages), "script")}


KINDS = {
    "FormOf": "form",
    "HTMLButtonElement": "button",
    "HTMLDataListElement": "datalist",
    "HTMLDetailsElement": "details",
    "HTMLDialogElement": "dialog",
    "HTMLDivElement": "div",
    "HTMLFieldSetElement": "fieldset",
    "HTMLFormElement": "form",
    "HTMLInputElement": "input",
    "HTMLLinkElement": "link",
    "HTMLOListElement": "ol",
    "HTMLOutputElement": "output",
    "HTMLProgressElement": "progress",
    "HTMLScriptElement": "script",
    "HTMLSelectElement": "select",
    "HTMLTableElement": "table",
    "HTMLTemplateElement": "template",
    "HTMLTextAreaElement": "textarea",
    "HTMLUListElement": "ul",
}


@pytest.mark.parametrize(("name", "kind"), declared_elements().items())
def test_the_element_is_in_a_template_and_of_the_kind_that_the_types_say(name: str, kind: str) -> None:
    tag = elements_in_templates().get(name)
    assert tag is not None
    assert kind == "HTMLElement" or tag == KINDS[kind]


def test_each_element_that_a_script_looks_for_is_declared() -> None:
    wanted = {
        name
        for path in SCRIPTS.rglob("*.js")
        for name in re.findall(r'getElementById\("([\w-]+)"\)', path.read_text())
    }
    assert "cards" in wanted
    assert wanted <= declared_elements().keys()
