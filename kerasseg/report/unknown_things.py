"""The part of a run's report that is about unknown things and unlabelled pixels."""

from kerasseg.drawing import score_charts
from kerasseg.metrics.error_detection import COMPARED
from kerasseg.metrics.split_scores import SplitScores
from kerasseg.metrics.undefined import format_score
from kerasseg.metrics.unknown_objects import UnknownObjectScores
from kerasseg.metrics.unlabelled import UnlabelledScores
from kerasseg.report import html


def unknown_section(scores: SplitScores) -> str:
    """How well unknown things are found; "" if there are none."""
    unknown = scores.unknown
    if unknown is None:
        return ""
    rows = [
        (
            html.text(name),
            format_score(ranking.auroc),
            format_score(ranking.average_precision),
            format_score(ranking.fpr95),
        )
        for name, ranking in unknown.by_score.items()
    ]
    return html.section(
        "Does it notice what it has never seen?",
        html.note(
            f"Pixels of unknown things, held by {unknown.with_things} of {unknown.images} images."
        ),
        html.table(("finds them by", "AUROC ↑", "AP ↑", "FPR95 ↓"), rows),
        *_objects(scores.unknown_objects),
    )


def _objects(objects: UnknownObjectScores | None) -> tuple[str, ...]:
    if objects is None:
        return ()
    rows = [
        (
            html.text(name),
            format_score(ranking.found_25, ".3f"),
            format_score(ranking.found_50, ".3f"),
            format_score(ranking.ppv, ".3f"),
            format_score(ranking.f1, ".3f"),
            format_score(ranking.false_alarms, ".2f"),
        )
        for name, ranking in objects.by_score.items()
    ]
    head = ("finds them by", "sIoU > 0.25 ↑", "> 0.5 ↑", "PPV ↑", "mean F1 ↑", "false alarms ↓")
    return (
        html.note(
            f"Object by object, as SegmentMeIfYouCan defines it: {objects.things} in "
            f"{objects.images} images, with the threshold that is best for the pixels of the "
            "others. False alarms are those of an image."
        ),
        html.table(head, rows),
    )


def unlabelled_section(unlabelled: UnlabelledScores | None) -> str:
    """What leaving pixels unlabelled costs and brings; "" if it was not measured."""
    if unlabelled is None:
        return ""
    drawn = "".join(
        html.plot(figure, alt=name.replace("_", ", "))
        for name, figure in score_charts.unlabelled_plots(unlabelled).items()
    )
    rows = []
    for name in COMPARED:
        if name not in unlabelled.by_score:
            continue
        ranking = unlabelled.by_score[name]
        points = [
            (f"{p.share:.1%}", p.threshold, p.scored)
            for p in ranking.points
            if p.threshold is not None
        ]
        for asked, threshold, found in (("its own answers", None, ranking.own), *points):
            rows.append(
                (
                    html.text(name),
                    asked,
                    format_score(threshold, ".4g"),
                    format_score(found.given_up, ".2%"),
                    format_score(found.miou),
                    format_score(found.caught, ".1%"),
                )
            )
    head = ("unlabelled by", "at most", "above", "known given up", "mIoU ↑", "unknown caught ↑")
    return html.section(
        "What does it cost to leave pixels unlabelled?",
        html.note(
            f"Thresholds fitted on {unlabelled.images_fitted} images (the dots), scored on the "
            f"other {unlabelled.images_scored}. A known pixel that is given up counts as missed; "
            "what the model itself answers with background is unlabelled at any threshold, so a "
            "share that this exceeds has none."
        ),
        f'<div class="row">{drawn}</div>' if drawn else "",
        html.table(head, rows) if rows else "",
    )
