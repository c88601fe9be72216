"""What can be trained: the recipes with the defaults of their settings, and the encoders."""

from dataclasses import asdict

from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.pages import DictPages
from corpus.models import Corpus
from modeling import encoders
from modeling.forms import PARTS, RECIPE_NOTES, RecipeForm
from modeling.learner.recipes import MODALITIES, RECIPES
from modeling.models import Recipes
from people.api.views import ListView

RECIPE = {
    "name": "hard-text",
    "title": "hard sharing, text only",
    "note": "The same on words alone: fast, and a check of what sound and picture add.",
    "modalities": ["text"],
    "classical": False,
    "settings": {"epochs": 40, "dropout": 0.2, "width": 64},
    "unused": ["audio_encoder", "relation_weight"],
}
ENCODER = {
    "name": "chinese-roberta-wwm-ext",
    "modality": "text",
    "type": "bert",
    "dims": 768,
    "layers": 12,
    "licence": "apache-2.0",
    "source": "hfl/chinese-roberta-wwm-ext",
    "language_model": False,
}


@extend_schema_serializer(examples=[OpenApiExample("a recipe", RECIPE, response_only=True)])
class RecipeSerializer(serializers.Serializer):
    """A recipe. `settings` are the defaults of what an experiment may set; of them it does not use
    those in `unused`.
    """

    name = serializers.CharField()
    title = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    modalities = serializers.ListField(child=serializers.ChoiceField(choices=MODALITIES))
    classical = serializers.BooleanField()
    settings = serializers.DictField()
    unused = serializers.ListField(child=serializers.CharField())


class RecipeList(ListView):
    """The recipes that can be trained, by name."""

    tag = "experiments"
    serializer_class = RecipeSerializer
    pagination_class = DictPages
    ordering = ("name",)

    def rows(self):
        return [described(name) for name in Recipes.values]


def described(name):
    """A recipe as it is sent."""
    recipe = RECIPES[name]
    settable = [*RecipeForm.base_fields, *PARTS]
    return {
        "name": name,
        "title": str(Recipes(name).label),
        "note": str(RECIPE_NOTES.get(name, "")),
        "modalities": [*recipe.modalities],
        "classical": recipe.classical,
        "settings": {key: value for key, value in asdict(recipe).items() if key in settable},
        "unused": sorted(recipe.unused & {*settable}),
    }


@extend_schema_serializer(examples=[OpenApiExample("an encoder", ENCODER, response_only=True)])
class EncoderSerializer(serializers.Serializer):
    """A pretrained encoder of the installation. Its name is what settings such as `text_encoder`
    take.
    """

    name = serializers.CharField()
    modality = serializers.ChoiceField(choices=MODALITIES)
    type = serializers.CharField()
    dims = serializers.IntegerField()
    layers = serializers.IntegerField()
    licence = serializers.CharField(allow_blank=True)
    source = serializers.CharField(allow_blank=True, help_text="the repository it came from")
    language_model = serializers.BooleanField()


class Encoders(ListView):
    """The encoders that the installation has, by name, for who leads a corpus or administers it."""

    tag = "experiments"
    serializer_class = EncoderSerializer
    pagination_class = DictPages
    ordering = ("name",)

    def rows(self):
        person = self.request.user
        if not (person.is_superuser or Corpus.objects.led_by(person).exists()):
            raise Http404
        return [
            {
                "name": each.name,
                "modality": each.modality,
                "type": each.model_type,
                "dims": each.dims,
                "layers": each.layers,
                "licence": each.licence,
                "source": str(each.origin.get("repo") or ""),
                "language_model": each.is_language_model,
            }
            for each in encoders.installed()
        ]
