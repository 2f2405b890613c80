"""Which exercises are made from which data sets: found by content: no upload goes around a licence."""

import hashlib

from courses.datasets.models import Dataset, DatasetFile, DatasetUse
from grading.models import ExerciseVersion


def note(version: ExerciseVersion) -> list[Dataset]:
    """Pins the files of this version that are in the library; the data sets they come from."""
    found: dict[int, Dataset] = {}
    for file in version.files.all():
        digest = hashlib.sha256(bytes(file.content)).hexdigest()
        kept = DatasetFile.objects.filter(sha256=digest).select_related("dataset").defer("content")
        # Where two data sets hold the same bytes, the one under a licence is the one it is taught from.
        best = max(kept, key=lambda one: (one.dataset.has_licence, one.dataset.signed_off_at is not None), default=None)
        if best is not None:
            DatasetUse.objects.get_or_create(version=version, file=best, name=file.name, defaults={"sha256": digest})
            found[best.dataset_id] = best.dataset
    return list(found.values())


def why_not_published(version: ExerciseVersion) -> list[Dataset]:
    """The data sets that keep this version from being published: without a licence, or not signed off."""
    return [one for one in note(version) if not one.has_licence or one.signed_off_at is None]
