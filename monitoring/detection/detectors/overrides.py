"""A detector's parameters in text form: ``detector.parameter = value``, one a line."""

from collections.abc import Iterable, Mapping

from monitoring.detection.detectors.settings import SettingError, defaults

DEFAULT = "default"
FORM = "detector.parameter = value, as in spike.threshold = 6"


def parse_overrides(lines: Iterable[str], present: Mapping[str, float] | None = None) -> dict[str, float]:
    """Return the parameters by name: the present ones, overridden by these lines; empty lines are ignored.

    The value ``default`` removes a present override.

    Raises:
        SettingError: a line has another form, or sets a parameter twice. ``DetectionSettings`` checks
            whether a parameter exists and accepts the value.
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
    """Return name and value; None stands for the default value."""
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
    """Return the parameters as ``parse_overrides`` reads them, sorted by name: databases keep no order."""
    return [f"{name} = {value:.15g}" for name, value in sorted(parameters.items())]


def refusal(error: SettingError) -> str:
    """Return the error as a sentence for a form; a parameter's name keeps its letters."""
    text = str(error)
    is_named = text.split(maxsplit=1)[0].rstrip(":") in defaults()
    return f"{text}." if is_named else f"{text[:1].upper()}{text[1:]}."
