"""The URLs of the dashboard, the login, the password page, the backtests and the local script."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordChangeDoneView
from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from monitoring.access.pages import signed_in_only
from monitoring.dashboard.alarm_advisor import alarm_advisor
from monitoring.dashboard.alarm_bar import present_alarms
from monitoring.dashboard.arriving import arriving
from monitoring.dashboard.backtest import backtest, progress
from monitoring.dashboard.batch_acts import (
    conduct,
    confirm_moments,
    design,
    make_vessels,
    mark_batch,
)
from monitoring.dashboard.batch_entries import change_sample, enter_note, enter_sample
from monitoring.dashboard.batch_header import edit_header
from monitoring.dashboard.file_imports import import_detail, import_list, import_progress
from monitoring.dashboard.login import OwnPasswordView, SignInView
from monitoring.dashboard.message_links import acknowledge, confirm_channel
from monitoring.dashboard.notes import note_subjects
from monitoring.dashboard.notification_acts import (
    add_channel,
    add_person,
    add_window,
    edit_channel,
    edit_person,
    end_window_now,
    test_channel,
)
from monitoring.dashboard.notifications import notifications
from monitoring.dashboard.one_time_codes import LoginCodeView, OneTimeCodesView
from monitoring.dashboard.profiles import new_profile, use_profile
from monitoring.dashboard.push import manifest, push_worker, subscription
from monitoring.dashboard.recipes import add_recipe, change_recipe, offer_recipe
from monitoring.dashboard.scripts import local_script
from monitoring.dashboard.single_sign_on import ReturnView, SignOutView, StartView, signed_out
from monitoring.dashboard.source_acts import (
    act_on_source,
    add_source,
    edit_mapping,
    edit_source,
    make_tags_of_points,
)
from monitoring.dashboard.vessel_rules import edit_rule
from monitoring.dashboard.views import dashboard

password_changed = PasswordChangeDoneView.as_view(template_name="password_changed.html")

urlpatterns = [
    path("dashboard", dashboard, name="dashboard"),
    path("login", SignInView.as_view(), name="login"),
    path("login/code", LoginCodeView.as_view(), name="login-code"),
    path("logout", SignOutView.as_view(), name="logout"),
    path("sign-in/start", StartView.as_view(), name="sign-in-start"),
    path("sign-in/return", ReturnView.as_view(), name="sign-in-return"),
    path("signed-out", signed_out, name="signed-out"),
    path("one-time-codes", OneTimeCodesView.as_view(), name="one-time-codes"),
    path("password", signed_in_only(OwnPasswordView.as_view()), name="password"),
    path("password/changed", signed_in_only(password_changed), name="password-changed"),
    path("backtest", backtest, name="backtest"),
    path("backtest/progress", progress, name="backtest-progress"),
    path("alarms/advisor", alarm_advisor, name="alarms-advisor"),
    path("alarms/present", present_alarms, name="alarms-present"),
    path("notes/subjects", note_subjects, name="note-subjects"),
    path("batches/<int:id>/sample", enter_sample, name="sample-new"),
    path("batches/<int:id>/sample/<int:number>", change_sample, name="sample-change"),
    path("batches/<int:id>/note", enter_note, name="note-new"),
    path("notifications", notifications, name="notifications"),
    path("notifications/channels/add", add_channel, name="notification-channel-add"),
    path("notifications/channels/<int:id>", edit_channel, name="notification-channel"),
    path("notifications/channels/<int:id>/test", test_channel, name="notification-channel-test"),
    path("notifications/people/add", add_person, name="notification-person-add"),
    path("notifications/people/<int:id>", edit_person, name="notification-person"),
    path("notifications/windows/add", add_window, name="window-add"),
    path("notifications/windows/<int:id>/end", end_window_now, name="window-end"),
    path("sources/arriving", arriving, name="arriving"),
    path("notifications/push", subscription, name="push"),
    path("imports", import_list, name="file-imports"),
    path("imports/<int:id>", import_detail, name="file-import"),
    path("imports/<int:id>/progress", import_progress, name="file-import-progress"),
    path("sources/add", add_source, name="source-add"),
    path("sources/<int:id>/change", edit_source, name="source-change"),
    path("sources/<int:id>/act", act_on_source, name="source-act"),
    path("sources/<int:id>/tags", make_tags_of_points, name="source-tags"),
    path("sources/<int:id>/mapping", edit_mapping, name="source-map"),
    path("profiles/new", new_profile, name="profile-new"),
    path("profiles/<int:id>/use", use_profile, name="profile-use"),
    path("vessel-groups", make_vessels, name="vessel-groups"),
    path("vessels/<str:name>/conduct", conduct, name="vessel-conduct"),
    path("vessels/<str:name>/design", design, name="vessel-design"),
    path("vessels/<str:name>/rules/<str:moment>", edit_rule, name="vessel-rule"),
    path("new-recipe", add_recipe, name="recipe-new"),
    path("recipes/<str:name>/change", change_recipe, name="recipe-change"),
    path("recipes/<str:name>/offer", offer_recipe, name="recipe-offer"),
    path("batches/<int:id>/header", edit_header, name="batch-header"),
    path("batches/<int:id>/mark", mark_batch, name="batch-mark"),
    path("batches/<int:id>/confirm-moments", confirm_moments, name="batch-confirm"),
    path("acknowledge/<str:token>", acknowledge, name="acknowledge"),
    path("confirm-channel/<str:token>", confirm_channel, name="confirm-channel"),
    path("push-worker.js", push_worker, name="push-worker"),
    path("manifest.webmanifest", manifest, name="manifest"),
    path("scripts/<str:file>", local_script, name="local-script"),
    # Browsers request this path on pages without an icon link, such as the admin.
    path("favicon.ico", login_not_required(RedirectView.as_view(url=static("monitoring/favicon.svg")))),
]
