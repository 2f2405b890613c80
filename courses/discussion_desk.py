"""What instructors look after: reports of posts, and topics that nobody has answered yet."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from courses import discussing
from courses.back_office import needs, page
from courses.models import Post, PostReport
from grading.providers import visible

ON_A_PAGE = 50
MOST_REPORTS = 100


@require_GET
@needs(discussing.MODERATE)
@never_cache
def desk(request: HttpRequest) -> HttpResponse:
    """Open reports, the oldest first, and unanswered topics."""
    reports = PostReport.objects.filter(settled_at=None).select_related("post__exercise", "post__topic")
    mine = visible(Post.objects.all(), request.user, "exercise__provider").values("pk")
    unanswered = Post.objects.topics().shown().filter(pk__in=mine, answer=None).with_replies()
    reports = visible(reports, request.user, "post__exercise__provider")
    topics = unanswered.select_related("exercise", "author").order_by("created_at", "pk")
    context = {
        "reports": reports[:MOST_REPORTS],
        "page_of": Paginator(topics, ON_A_PAGE).get_page(request.GET.get("page")),
        "breadcrumbs_items": [],
        "header_icon": "comment",
    }
    return page(request, "discussion/desk.html", _("Discussions"), None, context)


urls = [path("discussions/", desk, name="discussion_desk")]
