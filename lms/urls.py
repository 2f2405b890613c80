"""Every address of the site. Thai has no prefix, English has /en/."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from django.views.static import serve
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from lms import health
from lms.accounts import views as account_views
from lms.api import api

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", api.urls),
    # For the workbench's ears: whoever asks shows a token; in production no proxy leads here from outside.
    path("internal/workbench/", include("grading.workbench_api")),
    path("cms/login/", account_views.back_office_login, name="back_office_login"),
    path("cms/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("", include("lms.credentials.urls")),
    # Pictures only: other uploads leave through Wagtail, which checks who may have them.
    path("media/images/<path:path>", serve, {"document_root": settings.MEDIA_ROOT / "images"}),
    *i18n_patterns(
        path("accounts/", include("lms.accounts.urls")),
        path("accounts/", include("allauth.account.urls")),
        path("my/record/", include("lms.records.urls")),
        path("", include("lms.privacy.urls")),
        path("", include("courses.capstones.urls")),
        path("datasets/", include("courses.datasets.urls")),
        path("my/credentials/", include("lms.certificates.holder_urls")),
        path("verify/", include("lms.verification.urls")),
        path("", include("courses.urls")),
        path("", include(wagtail_urls)),
        prefix_default_language=False,
    ),
]
