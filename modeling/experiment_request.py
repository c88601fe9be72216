"""What somebody asks for when they start runs, an experiment or a search: the parts of the form."""

from modeling.forms import ExperimentForm, RecipeForm, SearchForm
from modeling.models import Experiment
from modeling.search_trials import start_search
from modeling.training_workers import training_worker_count


class ExperimentRequest:
    """What is trained on what, the fields of the recipe that are set, and a search for others."""

    def __init__(self, corpus, data, initial=None):
        gpus = training_worker_count("gpu")
        self.form = ExperimentForm(data, corpus=corpus, gpus=gpus, initial=initial)
        self.recipe_form = RecipeForm(data, initial=initial, corpus=corpus)
        self.search_form = SearchForm(data)

    @property
    def forms(self):
        return [self.form, self.recipe_form, self.search_form]

    def is_valid(self):
        """Whether each part and all together can be; what cannot has its error at its field."""
        valid = [form.is_valid() for form in self.forms]  # all of them, to show every error
        if all(valid):
            self.recipe_form.check(self.form)
            self.search_form.check(self.form, self.recipe_form)
        return not any(form.errors for form in self.forms)

    def start(self, person):
        """The experiment that was queued. Raises UserError."""
        data = self.form.cleaned_data
        options = self.recipe_form.options()
        options |= {"minutes": data["minutes"]} if data["minutes"] else {}
        more = {"options": options, "name": data["name"], "device": data["device"]}
        if search := self.search_form.search():
            return start_search(
                person, data["release"], data["recipes"][0], search, data["on_failure"], **more
            )
        seeds = range(1, data["seeds"] + 1)
        return Experiment.request(
            person, data["release"], data["recipes"], seeds, data["on_failure"], **more
        )
