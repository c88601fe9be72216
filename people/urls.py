from django.urls import include, path

from people import views

urlpatterns = [
    path("", include("people.sign_in.account_urls")),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
]
