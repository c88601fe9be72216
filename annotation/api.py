"""The HTTP API of rounds, for scripts."""

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response

from annotation.measuring import measure
from annotation.models import Round


class AlphaSerializer(serializers.Serializer):
    task = serializers.CharField()
    level = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    undefined = serializers.CharField(allow_blank=True)
    units = serializers.IntegerField()
    judgements = serializers.IntegerField()
    agreement = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class RoundAgreement(GenericAPIView):
    """Krippendorff's alpha per task and correlation, with its 95 % interval over dialogues."""

    serializer_class = AlphaSerializer
    pagination_class = None

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return Round.objects.none()
        return Round.objects.of(self.request.user)

    def get(self, request, pk):
        found = get_object_or_404(self.get_queryset(), pk=pk)
        rows = [
            {"task": m.task.key, "level": m.task.level, **m.alpha.to_json()}
            for m in measure([found], found.scheme)
        ]
        return Response(self.get_serializer(rows, many=True).data)
