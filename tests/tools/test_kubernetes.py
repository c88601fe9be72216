"""tools/kubernetes.yaml against the schemas of Kubernetes, the images and the settings."""

import json
import re

import kubernetes_validate
import pytest
import yaml
from django.conf import settings

from jobs.probes import PROBES
from tests.tools.test_compose import settings_read

VERSIONS = ("1.30", kubernetes_validate.latest_version())
SECRETS = {"SECRET_KEY", "DATABASE_PASSWORD", "REDIS_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY"}
ITEMS = yaml.safe_load((settings.ROOT / "tools/kubernetes.yaml").read_text("utf-8"))["items"]
TEMPLATES = {
    item["metadata"]["name"]: item["spec"]["template"]
    for item in ITEMS
    if item["kind"] in ("Job", "Deployment")
}
PODS = {name: template["spec"] for name, template in TEMPLATES.items()}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["metadata"]["name"] + item["kind"])
def test_every_part_fits_the_schema(item, version):
    kubernetes_validate.validate(item, version, strict=True)


def test_a_field_that_is_none_is_found():
    wrong = json.loads(json.dumps(ITEMS[1]))
    wrong["spec"]["template"]["spec"]["contaners"] = []
    with pytest.raises(kubernetes_validate.ValidationError, match="contaners"):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_settings_are_known_ones_and_no_secrets():
    given = set(ITEMS[0]["data"])
    assert given <= settings_read() and not given & SECRETS
    said = (settings.ROOT / "tools/kubernetes.yaml").read_text("utf-8").split("apiVersion")[0]
    assert set(re.findall(r"[A-Z0-9_]{6,}", said)) == SECRETS | {"DATABASE_URL"}
    assert settings_read() >= SECRETS


@pytest.mark.parametrize("name", PODS)
def test_processes_are_confined_as_in_compose(name):
    pod = PODS[name]
    assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
    for each in [*pod["containers"], *pod.get("initContainers", [])]:
        confined = each["securityContext"]
        assert confined["readOnlyRootFilesystem"] and confined["capabilities"] == {"drop": ["ALL"]}
        assert not confined["allowPrivilegeEscalation"] and each["resources"]["limits"]["memory"]
        assert {"/data", "/tmp"} == {mount["mountPath"] for mount in each["volumeMounts"]}
    assert all("emptyDir" in volume for volume in pod["volumes"])


@pytest.mark.parametrize("name", [name for name in PODS if name != "shengqing-migrate"])
def test_what_needs_the_database_waits_for_its_migrations(name):
    assert "migrate --check" in PODS[name]["initContainers"][0]["command"][-1]


def test_probes_and_services_lead_to_what_answers():
    (web,) = PODS["shengqing-web"]["containers"]
    for probe in ("readinessProbe", "livenessProbe"):
        assert web[probe]["httpGet"]["path"] in PROBES
    assert web["ports"][0]["containerPort"] == 8000
    (service,) = (item["spec"] for item in ITEMS if item["kind"] == "Service")
    assert service["selector"] == TEMPLATES["shengqing-web"]["metadata"]["labels"]
    assert service["ports"][0]["targetPort"] == web["ports"][0]["name"]
    for item in ITEMS:
        if item["kind"] == "Deployment":
            labels = item["spec"]["template"]["metadata"]["labels"]
            assert item["spec"]["selector"]["matchLabels"] == labels
    queues = [pod["containers"][0].get("command", []) for pod in PODS.values()]
    assert {each[each.index("-Q") + 1] for each in queues if "-Q" in each} == {"work", "train"}
