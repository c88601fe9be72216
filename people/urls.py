from django.urls import include, path

from people import installation_people

urlpatterns = [
    path("", include("people.sign_in.sign_in_urls")),
    path("installation/people/", installation_people.people, name="installation_people"),
    path("installation/people/<int:pk>/", installation_people.person, name="installation_person"),
    path(
        "installation/people/<int:pk>/reset-link/",
        installation_people.reset_link,
        name="installation_reset_link",
    ),
]
