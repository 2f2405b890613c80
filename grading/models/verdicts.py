"""The signed record beside a grade."""

from django.db import models
from django.db.models.functions import Now

from grading.models.grades import Grade


class Verdict(models.Model):
    """What the grading worker signed about one grade: the exact text, and by which key. See ``grading.verdicts``."""

    wagtail_reference_index_ignore = True

    grade = models.OneToOneField(Grade, models.CASCADE, related_name="verdict")
    record = models.TextField()
    key_id = models.CharField(max_length=40)
    signature = models.CharField(max_length=100)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.grade_id} by {self.key_id}"
