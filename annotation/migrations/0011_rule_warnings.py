"""That a rule warned an annotator is a RuleWarning."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("annotation", "0010_disagreement")]

    operations = [migrations.RenameModel("Warned", "RuleWarning")]
