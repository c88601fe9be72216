from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from people import views

urlpatterns = [
    path("setup/", views.setup, name="setup"),
    path(
        "sign-in/",
        LoginView.as_view(template_name="people/sign_in.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
]
