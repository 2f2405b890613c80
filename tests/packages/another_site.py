"""What people do on a site that takes a course over: ``python -m tests.packages.another_site found|publish CODE``."""

import sys

import django

PROVIDER, AUTHOR, REVIEWER = "partner", "writer@partner.example", "reader@partner.example"


def found():
    """A site with a catalog, roles, frameworks, one provider with its author, and a reviewer; no course at all."""
    from django.contrib.auth.models import Group, Permission
    from django.core.management import call_command

    from courses.demo import content
    from grading.models import Provider, ProviderMember
    from lms.accounts.models import User
    from lms.accounts.roles import ensure_roles

    content._catalogs()
    ensure_roles()
    call_command("load_frameworks")
    provider = Provider.objects.create(slug=PROVIDER, name_th="มหาวิทยาลัยคู่ร่วมมือสาธิต")
    for email, group in ((AUTHOR, "Instructors"), (REVIEWER, "Reviewers")):
        User.objects.create_user(email, None, given_name=email).groups.add(Group.objects.get(name=group))
    # Which competencies a course shows is an operator's word.
    User.objects.get(email=AUTHOR).user_permissions.add(Permission.objects.get(codename="add_coursecompetency"))
    provider.admit(User.objects.get(email=AUTHOR), ProviderMember.Role.LEAD)


def publish(code):
    """Runs every pre-flight in a sandbox, publishes what passes, signs off data, and has a second person approve."""
    from courses import reviewing
    from courses.datasets.models import Dataset
    from courses.models import CoursePage
    from grading.models import ExerciseVersion, PreflightReport
    from grading.tasks import try_version
    from lms.accounts.models import User

    author, reviewer = (User.objects.get(email=email) for email in (AUTHOR, REVIEWER))
    for report in PreflightReport.objects.all():
        try_version(str(report.pk))
    for version in ExerciseVersion.objects.filter(is_draft=True):
        runs = version.preflight_report.report["runs"]
        print(f"{version.exercise.slug}: {version.max_score:g} points, {runs} runs of the reference")
        version.publish(author)
    for dataset in Dataset.objects.all():
        assert dataset.sign_off(reviewer)
    course = CoursePage.objects.get(code=code, locale__language_code="th")
    reviewing.send(course, by=author)
    task = course.current_workflow_task_state
    task.task.specific.on_action(task, reviewer, "approve")
    course.refresh_from_db()
    assert course.live
    assert not reviewing.waiting_below(course)


if __name__ == "__main__":
    django.setup()
    {"found": found, "publish": publish}[sys.argv[1]](*sys.argv[2:])
