"""Wagtail's widgets without inline scripts, which our content security policy refuses.

What such a script would have run is said in data attributes, and static/js/back-office.js runs it. Date fields and
inline panels have templates to override (templates/wagtailadmin/); choosers make their script in Python.
"""

import json
import re
from typing import Any

from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from wagtail import hooks
from wagtail.admin.widgets.chooser import BaseChooser

STARTS = re.compile(r"(?:new )?(\w+)\((.*)\);", re.DOTALL)


def render_chooser(
    self: BaseChooser, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
) -> SafeString:
    """``BaseChooser.render``, but for the script. Raises ValueError when the script is more than one call."""
    if not attrs or "id" not in attrs:
        raise TypeError("a chooser needs an id")
    value_data = self.get_value_data(value)
    script = self.render_js_init(attrs["id"], name, value_data)
    call = STARTS.fullmatch(script)
    if call is None:
        raise ValueError(f"not one call: {script}")
    given = json.dumps(json.loads(f"[{call[2]}]"))
    return format_html(
        '{}<span hidden data-starts="{}" data-arguments="{}"></span>',
        self.render_html(name, value_data, attrs),
        call[1],
        given,
    )


BaseChooser.render = render_chooser


@hooks.register("insert_global_admin_js")
def back_office_script() -> str:
    scripts = ((static(f"js/{name}.js"),) for name in ("back-office", "back-office-names"))
    return format_html_join("", '<script src="{}"></script>', scripts)


@hooks.register("insert_global_admin_css")
def back_office_style() -> str:
    return format_html('<link rel="stylesheet" href="{}">', static("css/back_office_everywhere.css"))
