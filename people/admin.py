from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from people.models import AccessToken, Event, Person

# Lock-out and second factor hold there, too.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


@admin.register(Person)
class PersonAdmin(UserAdmin):
    list_display = ["username", "name", "email", "is_active", "is_staff"]
    search_fields = ["username", "name", "email"]
    fieldsets = [
        (None, {"fields": ["username", "password", "name", "email"]}),
        ("Preferences", {"fields": ["language", "theme", "time_zone"]}),
        ("Permissions", {"fields": ["is_active", "is_staff", "is_superuser"]}),
    ]


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    """Who did what, without details: these may tell an answer, and stand in the corpus's own log,
    which knows who may see them.
    """

    exclude = ["detail"]
    list_display = ["at", "person", "verb", "noun", "noun_id"]
    list_filter = ["verb", "noun"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(AccessToken)
class AccessTokenAdmin(admin.ModelAdmin):
    """Whose tokens there are, to be revoked; people make their own on their account page."""

    actions = ["revoke"]
    list_display = ["name", "person", "scopes", "state", "expires_at", "last_used_at"]
    search_fields = ["name", "person__username"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.action(description="Revoke")
    def revoke(self, request, queryset):
        for token in queryset.select_related("person"):
            token.revoke(request.user)
