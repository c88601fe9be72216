"""The dataset card of a release, in English and Chinese: what card_templates/ shows.

It reads nothing but its arguments; of Django it uses the template engine alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from django.template import Context, Engine

from annotation.agreement.bootstrap import MIN_CLUSTERS
from annotation.scheme import Scheme, Task
from releases.citation import SPDX, bibtex
from releases.tables import HF_SPLITS

RELIABLE = 0.667  # alpha below which Krippendorff (2004) advises against conclusions
REASONS = {
    "no_pairs": ("undefined: no utterance has two judgements", "无法计算：没有任何话语有两个标注"),
    "no_chance": (
        "undefined: chance alone would agree perfectly",
        "无法计算：仅凭偶然就会完全一致",
    ),
    "one_value": ("undefined: one value only", "无法计算：只出现了一个取值"),
}
MEDIA = {
    "dialogues": (
        "One MP4 a dialogue, with the faces and voices of whoever is seen and heard in it; `start`"
        " and `end` of an utterance are seconds in it.",
        "每段对话一个 MP4，其中可见人脸、可闻人声；话语的 `start`、`end` 为该文件内的秒数。",
    ),
    "utterances": (
        "One MP4 an utterance, with the faces and voices of whoever is seen and heard in it;"
        " `start` and `end` are seconds in the dialogue it was cut from.",
        "每条话语一个 MP4，其中可见人脸、可闻人声；`start`、`end` 为其在原对话中的秒数。",
    ),
    "features": (
        "No clips. Sound and picture as measured features (`features/`, NumPy arrays `audio` and"
        " `vision` with their frames a second); faces and voices cannot be seen or heard in them.",
        "不含片段，只有声音与画面的特征（`features/`，NumPy 数组 `audio`、`vision` 及其帧率），"
        "无法从中看到人脸或听到人声。",
    ),
    "none": ("No media: words and labels only.", "不含媒体，仅有文字与标注。"),
}
KINDS = {
    "copied": ("a copied block or a period", "复制的片段或周期"),
    "monotone": ("one answer over and over", "反复作同一回答"),
    "fast": ("faster than the clip", "快于片段时长"),
    "drift": ("drift over time", "随时间漂移"),
    "gold": ("against the gold answers", "与金标答案不符"),
    "rules": ("rules of the guideline broken", "违反标注规则"),
    "detached": ("a correlation that does not depend on its parents", "相关性与其父任务无关"),
}
OPEN = {
    "unchecked": (
        "rounds not checked for quality since the last submission",
        "未做质量检查或检查后又有提交的轮次",
    ),
    "remarks": ("comments and flags of annotators without an answer", "未处理的标注者备注与标记"),
    "undecided": ("labels without a decision", "尚未裁定的标签"),
    "reading": (
        "cells and rows of the files, left out or doubtful",
        "文件中被舍弃或存疑的单元格与行",
    ),
}
ERRORS = {
    "reversed": ("ends before it starts", "结束早于开始"),
    "outside": ("outside its clip", "超出片段范围"),
    "timeless": ("no times, though it has a clip", "有片段但没有时间"),
    "missing": ("file missing", "文件缺失"),
    "changed": ("file changed", "文件被改动"),
    "unreadable": ("clip or source cannot be read", "片段或来源无法读取"),
    "shifted": ("sound or picture shifted against the source", "声音或画面与来源错位"),
    "length": ("clip shorter or longer than its dialogue", "片段比对话短或长"),
    "silent": ("silent, though its source is not", "片段无声而来源有声"),
    "truncated": ("words that begin before their clip", "话语早于其片段开始"),
    "unlike": ("not what its source shows", "与来源内容不符"),
}


@dataclass(frozen=True)
class CardData:
    """The parts of a release that its card describes, as the release's files hold them."""

    manifest: Mapping[str, Any]
    scheme: Scheme
    measures: Sequence[Mapping[str, Any]]
    leakage: Mapping[str, Any]
    quality: Mapping[str, Any]
    gold: Mapping[str, Mapping[str, int]]  # task -> value, or why there is none -> utterances
    traits: Sequence[str]
    official: bool
    integrity: Mapping[str, Any]
    openly: Mapping[str, Sequence[str]] = field(default_factory=dict)  # round -> pseudonyms


def render(data: CardData) -> str:
    """Markdown with Hugging Face front matter."""
    engine = Engine(dirs=[str(Path(__file__).parent / "card_templates")], autoescape=False)
    template = engine.get_template("dataset_card.md.txt")
    return template.render(Context(context(data), autoescape=False, use_l10n=False))


def front_matter(manifest: Mapping[str, Any]) -> str:
    """The YAML that Hugging Face reads: licence, language, and where the tables lie."""
    splits = [
        {"split": HF_SPLITS[name], "path": f"data/{HF_SPLITS[name]}-*.parquet"}
        for name in manifest["utterances"]
    ]
    found = {
        "language": [manifest["language"]],
        "license": manifest["licence"] if manifest["licence"] in SPDX else "other",
        "pretty_name": f"{manifest['corpus']} {manifest['version']}",
        "task_categories": ["text-classification"],
        "tags": ["multimodal", "dialogue", "sentiment", "emotion", "sarcasm", "humor"],
        "size_categories": [_size(sum(manifest["utterances"].values()))],
        "configs": [
            {"config_name": "default", "default": True, "data_files": splits},
            {
                "config_name": "judgements",
                "data_files": [{"split": "train", "path": "data/judgements.parquet"}],
            },
        ],
    }
    return yaml.safe_dump(found, allow_unicode=True, sort_keys=False)


def _size(count: int) -> str:
    names = ["n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M"]
    return names[sum(count >= edge for edge in (1e3, 1e4, 1e5, 1e6))]


def context(data: CardData) -> dict[str, Any]:
    """What the template shows, by name."""
    manifest, leaks = data.manifest, data.leakage
    utterances, dialogues = manifest["utterances"], manifest["dialogues"]
    agreement = [_agreement_row(row, data.scheme) for row in data.measures]
    rounds = data.quality["rounds"]
    return {
        "manifest": manifest,
        "front_matter": front_matter(manifest).strip(),
        "first_split": HF_SPLITS[next(iter(utterances))],
        "description": manifest["description"].strip(),
        "notes": manifest["notes"].strip(),
        "splits": [
            {"name": name, "dialogues": dialogues[name], "utterances": count}
            for name, count in utterances.items()
        ],
        "dialogue_count": sum(dialogues.values()),
        "utterance_count": sum(utterances.values()),
        "hours": f"{manifest['hours_of_speech']:.2f}",
        "tasks": [_task_row(task, data.gold.get(task.key, {})) for task in data.scheme.tasks],
        "media": " ".join(MEDIA[manifest["media"]]),
        "traits": ", ".join(data.traits),
        "masked": ", ".join(f"{kind} {n}" for kind, n in manifest["masked"].items()) or "0",
        "rounds": ", ".join(manifest["rounds"]),
        "openly": [
            {"name": name, "count": len(people), "pseudonyms": ", ".join(people)}
            for name, people in data.openly.items()
        ],
        "agreement": agreement,
        "needed": MIN_CLUSTERS,
        "unreliable": [
            row for row in agreement if row["value"] is not None and row["value"] < RELIABLE
        ],
        "undefined": [row for row in agreement if row["value"] is None],
        "reliable": f"{RELIABLE}",
        "quality": [_quality_row(row) for row in rounds],
        "unanswered": sum(not each["answers"] for row in rounds for each in row["findings"]),
        "unchecked": any(row["looked_at"] is None for row in rounds),
        "open_findings": _open_findings(data.quality.get("open", {})),
        "excluded_count": len(data.integrity["excluded"]),
        "accepted": _accepted_errors(data.integrity["accepted"]),
        "official": data.official,
        "leakage": leaks,
        "same_texts": sum(leaks["same"].values()),
        "near_texts": sum(leaks["near"].values()),
        "without_gold": _without_gold(data),
        "licence": SPDX.get(manifest["licence"], "See the publisher's terms. 见发布者条款。"),
        "bibtex": bibtex(manifest),
    }


def _task_row(task: Task, counts: Mapping[str, int]) -> dict[str, Any]:
    """A task with the distribution of its gold."""
    distribution = (
        f"{value.names['en']} {value.names['zh']} {counts[value.key]}"
        for value in task.values
        if counts.get(value.key)
    )
    values = (f"`{v.key}` {v.names['en']} {v.names['zh']}" for v in task.values)
    return {
        "name": _name(task),
        "key": task.key,
        "scale": task.scale,
        "values": " · ".join(values),
        "distribution": " · ".join(distribution),
        "without_gold": sum(n for key, n in counts.items() if key not in task.keys),
    }


def _agreement_row(measured: Mapping[str, Any], scheme: Scheme) -> dict[str, Any]:
    """Alpha of a task with its interval, or why it is undefined."""
    row = {
        "name": _name(scheme[measured["task"]]),
        "value": measured["value"],
        "units": measured["units"],
        "judgements": measured["judgements"],
    }
    if measured["value"] is None:
        return row | {"alpha": " ".join(REASONS[measured["undefined"]])}
    low, high, raw = measured["low"], measured["high"], measured["agreement"]
    return row | {
        "alpha": f"{measured['value']:.3f}",
        "interval": "" if low is None else f"{low:.3f} – {high:.3f}",
        "raw": "" if raw is None else f"{raw:.3f}",
    }


def _quality_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """What quality monitoring found in a round, by kind, and how much of it was answered."""
    kinds = Counter(finding["kind"] for finding in row["findings"])
    answered = sum(bool(finding["answers"]) for finding in row["findings"])
    return {
        "name": row["round"],
        "checked": row["looked_at"],
        "findings": len(row["findings"]),
        "answered": answered,
        "open": len(row["findings"]) - answered,
        "kinds": "; ".join(f"{' '.join(KINDS[kind])} {n}" for kind, n in sorted(kinds.items())),
    }


def _open_findings(counts: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """What nobody had answered when the release was frozen, by kind."""
    rows = []
    for about, kinds in counts.items():
        for kind, count in kinds.items():
            name = " ".join(KINDS[kind] if about == "quality" else OPEN[about])
            if about in ("remarks", "undecided", "reading"):
                name += f" `{kind}`"
            rows.append({"name": name, "count": count})
    return rows


def _accepted_errors(accepted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The errors of the integrity check that were accepted, by kind and reason, each counted once
    for a dialogue.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for row in accepted:
        counts.update({(fault["kind"], row["reason"]) for fault in row["faults"]})
    return [
        {"name": " ".join(ERRORS[kind]), "count": n, "reason": " ".join(reason.split())}
        for (kind, reason), n in sorted(counts.items())
    ]


def _without_gold(data: CardData) -> str:
    """The tasks that have utterances without gold, with how many."""
    counts = {
        task.key: sum(n for key, n in data.gold.get(task.key, {}).items() if key not in task.keys)
        for task in data.scheme.tasks
    }
    return ", ".join(f"`{key}` {number}" for key, number in counts.items() if number)


def _name(task: Task) -> str:
    return f"{task.names['en']} {task.names['zh']}"
