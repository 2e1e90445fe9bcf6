"""manage.py sources"""

from io import StringIO
from pathlib import Path

import pytest
from auditlog.models import LogEntry
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django import Settings

from monitoring.models import Source, SourceMapping, Tag
from monitoring.sources.secrets import seal
from monitoring.sources.settings import switch
from tests.sources.fake_kind import TYPED, make_source, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fake_kinds")]

FILE = """
[[tag]]
name = "r1.temp"
unit = "°C"
valid_min = 0
valid_max = 100.0

[[source]]
name = "broker"
protocol = "fake"
enabled = true
[source.settings]
host = "broker.plant"
mode = "tls"
[source.secrets]
password = "env:BROKER_PASSWORD"
[[source.mappings]]
address = "r1/temp"
tag = "r1.temp"
factor = 2
[source.mappings.options]
type = "float"
"""


@pytest.fixture(autouse=True)
def key(settings: Settings) -> None:
    """A key that encrypts secrets."""
    settings.FERMON_SOURCE_KEY = Fernet.generate_key().decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a source, a mapping and a tag."""
    path = tmp_path / "sources.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("sources", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_a_file_is_imported_once_and_a_second_time_changes_nothing(file: Path) -> None:
    said = run("import", str(file)).splitlines()
    assert said == [
        "tag r1.temp: new",
        "broker: new",
        "broker: mapping r1/temp to r1.temp: new",
        "broker: enabled",
    ]
    source = Source.objects.get()
    assert source.settings == {"host": "broker.plant", "mode": "tls", "pause": "1"}
    assert (source.secrets, source.is_enabled) == ({"password": "env:BROKER_PASSWORD"}, True)
    mapping = SourceMapping.objects.get()
    assert (mapping.factor, mapping.options) == (2.0, {"type": "float"})
    assert Tag.objects.get(name="r1.temp").unit == "°C"
    exported = run("export", "--tags")
    trail = LogEntry.objects.count()
    file.write_text(exported, encoding="utf-8")
    assert run("import", str(file), "--check") == "No differences.\n"
    assert run("import", str(file)) == "No differences.\n"
    assert (Source.objects.get().revision, LogEntry.objects.count()) == (source.revision, trail)


def test_differences_are_told_and_with_check_nothing_changes(file: Path) -> None:
    run("import", str(file))
    source = Source.objects.get()
    changed = FILE.replace("broker.plant", "other.plant").replace("factor = 2", "factor = 3")
    file.write_text(
        changed.replace("enabled = true", "").replace('mode = "tls"', 'mode = "tls"\npause = "1"')
    )
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("sources", "import", str(file), "--check", stdout=out)
    expected = [
        "broker: host: broker.plant -> other.plant",
        "broker: mapping r1/temp to r1.temp: changed",
        "broker: disabled",
    ]
    assert (ended.value.code, out.getvalue().splitlines()) == (1, expected)
    untouched = Source.objects.get()
    assert (untouched.revision, untouched.is_enabled) == (source.revision, True)
    assert run("import", str(file)).splitlines() == expected
    assert (Source.objects.get().settings["host"], Source.objects.get().is_enabled) == ("other.plant", False)
    file.write_text(changed.partition("[[source.mappings]]")[0])
    assert "broker: mapping r1/temp: gone" in run("import", str(file))
    assert not SourceMapping.objects.exists()


def test_a_stored_secret_is_never_exported_and_stays_where_it_is(file: Path) -> None:
    source = make_source("gateway", secrets={"password": seal(TYPED)})
    text = run("export", "--source", "gateway")
    assert 'password = "stored"' in text
    assert TYPED not in text
    assert source.secrets["password"] not in text
    file.write_text(text)
    assert run("import", str(file)) == "No differences.\n"
    assert run("export", str(file)) == f"1 sources written to {file}.\n"
    file.write_text(text.replace("broker.plant", "elsewhere.plant"))
    with pytest.raises(CommandError, match="type the secret again"):
        run("import", str(file))
    Source.objects.all().delete()
    with pytest.raises(CommandError, match=r"gateway: password: the file keeps a stored secret"):
        run("import", str(file))


def test_two_sources_change_places(file: Path) -> None:
    tag = make_tag("a")
    first, second = make_source("first", is_enabled=True), make_source("second")
    for source in (first, second):
        SourceMapping.objects.create(source=source, address="x", tag=tag.name)
    text = run("export").replace("enabled = true", "enabled = x").replace("enabled = false", "enabled = true")
    file.write_text(text.replace("enabled = x", "enabled = false"))
    assert run("import", str(file)).splitlines() == ["first: disabled", "second: enabled"]
    first.refresh_from_db()
    switch(Source.objects.get(name="second"), on=False)
    assert not first.is_enabled


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("[[tag]]", "[[tag"), "This is no TOML"),
        (("[[source]]", "[source]"), "source: expected [[source]] with two brackets"),
        (
            ("env:BROKER_PASSWORD", "s3cret"),
            "source[0] broker: password: secrets stand in a file by reference",
        ),
        (("enabled = true", 'enabled = "yes"'), "source[0].enabled: expected true or false"),
        (("factor = 2", "factor = true"), "source[0].mappings[0].factor: expected a number"),
        (("factor = 2", "factr = 2"), "source[0].mappings[0].factr: unknown; expected address, tag"),
        (('mode = "tls"', 'mode = "x"'), "source[0] broker: mode: Expected one of plain, tls."),
        (('mode = "tls"', 'moode = "x"'), "source[0] broker: moode: unknown; expected host"),
        (('mode = "tls"', "mode = 1"), "source[0].settings: expected texts in quotation marks"),
        (('protocol = "fake"', 'protocol = "smoke"'), "source[0] broker: protocol: expected one of"),
        (('tag = "r1.temp"', 'tag = "r2.temp"'), "mappings[0].tag: There is no tag 'r2.temp'."),
        (("valid_max = 100.0", "valid_max = -1"), "tag[0] r1.temp: valid_max: Must be above the minimum"),
        (("valid_max = 100.0", "colour = 1"), "tag[0].colour: unknown"),
    ],
)
def test_a_wrong_file_changes_nothing_and_names_the_place(
    file: Path, change: tuple[str, str], problem: str
) -> None:
    file.write_text(FILE.replace(*change), encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        run("import", str(file))
    assert "Nothing was changed." in str(refused.value)
    assert problem in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert not Source.objects.exists()
    assert not Tag.objects.filter(name="r1.temp").exists()


def test_what_cannot_be_read_or_found_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read: No such file"):
        run("import", str(tmp_path / "nothing.toml"))
    with pytest.raises(CommandError, match=r"There is no source nowhere\."):
        run("export", "--source", "nowhere")
    with pytest.raises(CommandError, match="can't be written"):
        run("export", str(tmp_path / "no" / "folder.toml"))
