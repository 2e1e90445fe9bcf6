"""A detector's parameters as people write them: ``detector.parameter = value``, one a line."""

from collections.abc import Iterable, Mapping

from monitoring.detection.detectors.settings import SettingError, defaults

DEFAULT = "default"
FORM = "detector.parameter = value, as in spike.threshold = 6"


def parse_overrides(lines: Iterable[str], present: Mapping[str, float] | None = None) -> dict[str, float]:
    """The parameters by name: the present ones, overridden by these lines; empty lines say nothing.

    ``default`` as the value takes a present one back.

    Raises:
        SettingError: a line is not of that form, or sets what another has set; whether there is such
            a parameter, and whether it can have such a value, ``DetectionSettings`` says.
    """
    found, told = dict(present or {}), set()
    for line in filter(None, map(str.strip, lines)):
        name, value = parse_override(line)
        if name in told:
            raise SettingError(f"{name} is set twice; expected each parameter once")
        told.add(name)
        if value is not None:
            found[name] = value
        elif name in defaults():
            found.pop(name, None)
        else:
            raise SettingError(f"{name!r} is no parameter; expected one of {', '.join(defaults())}")
    return found


def parse_override(line: str) -> tuple[str, float | None]:
    """Name and value; None if the value is to be the default."""
    name, is_set, text = (part.strip() for part in line.partition("="))
    if not is_set or not name or not text:
        raise SettingError(f"expected {FORM}, got {line!r}")
    if text.lower() == DEFAULT:
        return name, None
    try:
        return name, float(text)
    except ValueError:
        raise SettingError(f"{name}: expected a number, got {text!r}") from None


def override_lines(parameters: Mapping[str, float]) -> list[str]:
    """The parameters as ``parse_overrides`` reads them, by name: databases keep no order of their own."""
    return [f"{name} = {value:.15g}" for name, value in sorted(parameters.items())]


def refusal(error: SettingError) -> str:
    """The error as a sentence for a form; a parameter's name keeps its letters."""
    text = str(error)
    is_named = text.split(maxsplit=1)[0].rstrip(":") in defaults()
    return f"{text}." if is_named else f"{text[:1].upper()}{text[1:]}."
