"""Frameworks of competencies as data: one TOML file a version. Names are translated by us where only one is published.

A version that was loaded stays as it is. What is to read otherwise is another version, in another file.
"""

import tomllib
from pathlib import Path
from typing import Any

from django.db import transaction

from courses.models import Competency, Framework

HERE = Path(__file__).parent


class Different(Exception):
    """A version that is there already says something else than the file."""


def shipped() -> list[Path]:
    """The files that come with the platform."""
    return sorted(HERE.glob("*.toml"))


@transaction.atomic
def load(path: Path) -> tuple[Framework, int]:
    """The framework of a file, and how many competencies of it were new.

    Raises:
        Different: the version is loaded and reads otherwise; nothing was changed.
        KeyError, ValueError: the file is not of this form.
    """
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    about = {name: read[name] for name in ("name_th", "name_en", "version", "levels")} | {"url": read.get("url", "")}
    framework, _is_new = Framework.objects.get_or_create(
        slug=read["slug"], defaults=about | {"is_current": read.get("is_current", True)}
    )
    _same(framework, about)
    made = 0
    for place, one in enumerate(read["competency"]):
        told = {"name_th": one["name_th"], "name_en": one["name_en"], "url": one.get("url", "")}
        competency, is_new = Competency.objects.get_or_create(
            framework=framework, code=one["code"], defaults=told | {"sort_order": place}
        )
        made += is_new
        _same(competency, told)
    return framework, made


def _same(row: Framework | Competency, told: dict[str, Any]) -> None:
    for name, value in told.items():
        if getattr(row, name) != value:
            raise Different(f"{row}: {name} is {getattr(row, name)!r}, the file says {value!r}")
