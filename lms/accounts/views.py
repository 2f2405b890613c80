"""A person's own account."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from lms.accounts.forms import ProfileForm
from lms.accounts.models import User


def back_office_login(request: HttpRequest) -> HttpResponse:
    """Where the back office sends whom it does not let in: strangers to the site's own login page. Who is logged in and
    has no right would only be sent back from there, for ever."""
    if request.user.is_authenticated:
        if request.user.has_perm("wagtailadmin.access_admin"):
            return redirect("wagtailadmin_home")
        raise PermissionDenied
    query = request.META.get("QUERY_STRING", "")
    return redirect(f"{reverse('account_login')}?{query}" if query else "account_login")


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """One's own names and language, to read and to change."""
    # A fresh copy: a refused form must not rename the person in the page's header.
    person = User.objects.get(pk=cast(User, request.user).pk)
    form = ProfileForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your profile was saved."))
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form})
