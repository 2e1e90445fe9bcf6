"""The fields of a form on a page, as a browser would send them."""

from html.parser import HTMLParser


class FormReader(HTMLParser):
    """Read the fields of the forms of a class."""

    def __init__(self, form_class: str) -> None:
        super().__init__()
        self.form_class = form_class
        self.fields: dict[str, str] = {}
        self.is_inside = False
        self.name = ""  # of the select or textarea around

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read a field, or the chosen option of a select."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.is_inside = given.get("class") == self.form_class
        if not self.is_inside:
            return
        if tag == "input" and (given["type"] != "checkbox" or "checked" in given):
            self.fields[given["name"]] = given.get("value", "on" if given["type"] == "checkbox" else "")
        elif tag in ("select", "textarea"):
            self.name = given["name"]
        elif tag == "option" and ("selected" in given or self.name not in self.fields):
            self.fields[self.name] = given["value"]

    def handle_data(self, data: str) -> None:
        """Read the text of a textarea: browsers leave out the first line feed and send CR LF."""
        if self.lasttag == "textarea" and self.name:
            self.fields[self.name] = data.removeprefix("\n").replace("\n", "\r\n")

    def handle_endtag(self, tag: str) -> None:
        """Leave a form, a select or a textarea."""
        if tag == "form":
            self.is_inside = False
        elif tag in ("select", "textarea"):
            self.name = ""


def fields_of(html: str, form_class: str = "panel rows") -> dict[str, str]:
    """The fields of the form with this class."""
    reader = FormReader(form_class)
    reader.feed(html)
    return reader.fields
