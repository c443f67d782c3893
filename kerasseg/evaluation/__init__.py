"""The metrics of a split: one row each, by the name of their scores in SplitScores."""

from kerasseg.metrics.boundaries import BoundaryScorer
from kerasseg.metrics.calibration import CalibrationScorer
from kerasseg.metrics.categories import CategoryScorer
from kerasseg.metrics.error_detection import ErrorDetectionScorer
from kerasseg.metrics.forced_labels import ForcedScorer
from kerasseg.metrics.image_scores import ImageScorer
from kerasseg.metrics.instances import InstanceScorer
from kerasseg.metrics.overlap import OverlapScorer
from kerasseg.metrics.scorer import Metric
from kerasseg.metrics.unknown_detection import UnknownDetectionScorer
from kerasseg.metrics.unknown_objects import UnknownObjectScorer
from kerasseg.metrics.unlabelled import UnlabelledScorer

METRICS: dict[str, Metric] = {
    "overlap": Metric(lambda labels: OverlapScorer(labels.names)),
    "forced": Metric(lambda labels: ForcedScorer(labels.num_classes)),
    "each_image": Metric(lambda labels: ImageScorer()),
    "categories": Metric(lambda labels: CategoryScorer(labels.categories)),
    "instances": Metric(lambda labels: InstanceScorer(labels.names, labels.ids, labels.categories)),
    "boundaries": Metric(lambda labels: BoundaryScorer(labels.num_classes), slow=True),
    "calibration": Metric(lambda labels: CalibrationScorer()),
    "errors": Metric(lambda labels: ErrorDetectionScorer()),
    "unknown": Metric(lambda labels: UnknownDetectionScorer()),
    "unknown_objects": Metric(lambda labels: UnknownObjectScorer()),
    "unlabelled": Metric(lambda labels: UnlabelledScorer(labels.num_classes)),
}
