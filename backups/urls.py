from django.urls import path

from backups import views

urlpatterns = [
    path("installation/backups/", views.installation_backups, name="installation_backups"),
    path("installation/backups/<int:pk>/progress/", views.backup_progress, name="backup_progress"),
    path("installation/backups/<int:pk>/checks/", views.new_backup_check, name="new_backup_check"),
    path(
        "installation/backup-checks/<int:pk>/progress/",
        views.backup_check_progress,
        name="backup_check_progress",
    ),
]
