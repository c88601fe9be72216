from django.urls import path

from demo import views

urlpatterns = [
    path("installation/demo/", views.demo, name="demo"),
    path("installation/demo/progress/", views.demo_progress, name="demo_progress"),
    path("installation/demo/loading/", views.load_demo, name="load_demo"),
    path("installation/demo/removal/", views.remove_demo, name="remove_demo"),
]
