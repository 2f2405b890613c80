"""A person's own account."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from lms.accounts.forms import ProfileForm
from lms.accounts.models import User


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
