"""Everything that a run needs in memory, built from its settings and its data."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from kerasseg.config import Config
from kerasseg.data.balanced_order import expected_views
from kerasseg.data.catalog import Catalog
from kerasseg.data.class_balance import background_weight, median_frequency_weights
from kerasseg.data.curriculum import Plan, plan_epochs, plan_steps
from kerasseg.data.facts import cache_folder
from kerasseg.data.pipeline import TrainingInput, validation_dataset
from kerasseg.data.pixels import Decoder
from kerasseg.data.working_scale import WorkingScale
from kerasseg.inference.backends.graph import GraphPredictor
from kerasseg.losses.objective import Objective
from kerasseg.models.auxiliary_head import with_auxiliary
from kerasseg.models.build import (
    build_net,
    encoder_variables,
    load_encoder_weights,
    net_geometry,
)
from kerasseg.models.paired_weights import copy_weights
from kerasseg.models.serving_graph import ServingGraph
from kerasseg.runs.description import ModelDescription
from kerasseg.runs.weights import load_net, start_from
from kerasseg.training.device import Device
from kerasseg.training.optimizer import Schedule, build_optimizer, build_schedule
from kerasseg.training.replicas import ReplicaGroup
from kerasseg.training.segmenter import Segmenter


@dataclass(frozen=True)
class Session:
    """The parts of a run. `predictor` scores the net that `segmenter.scoring_net()` fills."""

    config: Config
    catalog: Catalog
    segmenter: Segmenter
    schedule: Schedule
    predictor: GraphPredictor
    decoder: Decoder
    validation: tf.data.Dataset
    group: ReplicaGroup
    device: Device

    def plan(self, *, total_steps: int | None = None) -> Plan:
        """The stages as they stand, or their epochs as shares of `total_steps`."""
        stages = [(stage.crop_scale, stage.epochs) for stage in self.config.train.stages]
        size = {
            "images": len(self.catalog.splits["train"]),
            "batch_size": self.config.train.batch_size,
        }
        if total_steps is None:
            return plan_epochs(stages, **size)
        return plan_steps(stages, **size, total_steps=total_steps)

    def input_for(self, plan: Plan) -> TrainingInput:
        config = self.config
        return TrainingInput(
            decoder=self.decoder,
            samples=len(self.catalog.splits["train"]),
            plan=plan,
            scale=working_scale(config, self.catalog),
            batch_size=config.train.batch_size,
            seed=config.seed,
            workers=config.data.workers,
            view_scale=config.augment.scale,
            jpeg=config.augment.jpeg,
            unknown=config.augment.unknown,
            leaves_void_out=self.catalog.label_set.background_apart,
            views=self._views(),
        )

    def _views(self) -> np.ndarray | None:
        balance = self.config.train.class_balance
        if balance == 0:
            return None
        pixels = np.array([facts.pixels[:-1] for facts in self.catalog.facts["train"]], np.int64)
        return expected_views(pixels, balance)

    def batches(self, plan: Plan, *, first_step: int) -> Iterator:
        """What the compiled step takes, from `first_step` on."""
        source = self.input_for(plan)
        strategy = self.group.strategy
        if strategy is None:
            return iter(source.from_step(first_step))

        def parts(context: tf.distribute.InputContext) -> tf.data.Dataset:
            return source.parts_from_step(
                first_step,
                worker=context.input_pipeline_id,
                workers=context.num_input_pipelines,
                replicas=context.num_replicas_in_sync,
            )

        return iter(strategy.distribute_datasets_from_function(parts))

    @property
    def data_key(self) -> str:
        """Names the training and validation images and the label table."""
        names = {split: [s.name for s in samples] for split, samples in self.catalog.splits.items()}
        digest = hashlib.sha256(json.dumps(names).encode())
        label_set = self.catalog.label_set
        digest.update(label_set.table.tobytes())
        colors = sorted(label_set.color_to_train.items())
        digest.update(repr((label_set.drawn_as, label_set.names, colors)).encode())
        if label_set.color_tolerance:
            digest.update(repr(label_set.color_tolerance).encode())
        return digest.hexdigest()[:16]


def build_objective(config: Config, catalog: Catalog) -> Objective:
    """The objective of the settings; class weights come from the verified histogram."""
    label_set = catalog.label_set
    weights = None
    if config.loss.class_weights == "median_frequency":
        power = config.loss.class_weight_power
        of_classes = median_frequency_weights(catalog, power=power)
        weights = tuple(map(float, of_classes))
        if label_set.background_id is not None:
            # Apart from the classes it cannot crowd them out.
            own = 1.0 if label_set.background_apart else background_weight(catalog, power=power)
            weights = (*weights, own)
    return Objective.from_config(
        config.loss,
        background_id=label_set.background_id,
        class_weights=weights,
        outside=(
            label_set.background_apart  # void becomes that
            or working_scale(config, catalog).leaves_image
            or _shows_less(config)
        ),
        background_apart=label_set.background_apart,
    )


def _shows_less(config: Config) -> bool:
    """Whether `augment.scale` makes the crops of some stage larger than their image."""
    scale = config.augment.scale
    return scale is not None and max(s.crop_scale for s in config.train.stages) > scale[0]


def working_scale(config: Config, catalog: Catalog) -> WorkingScale:
    """The scale of the images, the same in training, validation, export and serving."""
    native = catalog.native_size if catalog.one_size else None
    return WorkingScale(config.data.image_size, native, config.serving.scale)


def build_graph(config: Config, catalog: Catalog, net) -> ServingGraph:
    """The serving graph of a float32 net trained with these settings."""
    return ServingGraph(
        net,
        scale=working_scale(config, catalog),
        background_id=catalog.label_set.background_id,
        dropout_rate=config.model.dropout_rate,
        variance=True,
    )


def describe_model(config: Config, catalog: Catalog) -> ModelDescription:
    """What a run with these settings is a model of."""
    stride, reach = net_geometry(config.model)
    return ModelDescription(
        label_set=catalog.label_set,
        working_size=config.data.image_size,
        native_size=catalog.native_size,
        one_size=catalog.one_size,
        scale=config.serving.scale,
        stride=stride,
        reach=reach,
        tile=config.serving.tile,
        max_pixels=config.serving.max_pixels,
    )


def build_session(
    config: Config,
    catalog: Catalog,
    device: Device,
    group: ReplicaGroup | None = None,
    *,
    resumes: bool = False,
) -> Session:
    """Model, optimizer and data sets, at step 0. group: who trains; None = this device alone.

    resumes: the weights will be those of a saved state, so that none are looked for elsewhere.
    Raises UserError for a bad `train.init_from` or `model.encoder_weights`.
    """
    group = group or ReplicaGroup()
    outputs = catalog.label_set.num_outputs
    objective = build_objective(config, catalog)
    with group.scope():
        net = build_net(config.model, outputs=outputs, seed=config.seed, precision=device.precision)
        if objective.needs_auxiliary:
            net = with_auxiliary(net, config.model, seed=config.seed)
    # Nobody but the process itself needs this one: it is no part of the strategy.
    averaged = build_net(config.model, outputs=outputs, seed=config.seed, precision="float32")
    if config.train.init_from and not resumes:
        source = load_net(config.train.init_from)
        print(start_from(net, source, path=config.train.init_from))
    elif not resumes:
        load_encoder_weights(net, config.model)
    copy_weights(net, averaged)
    schedule = build_schedule(config.optimizer, total_steps=1)
    with group.scope():
        segmenter = Segmenter(
            net,
            averaged=averaged,
            objective=objective,
            augmentation=config.augment,
            average_decay=config.optimizer.average_decay,
            seed=config.seed,
            accumulate=config.train.accumulate,
            precision=device.precision,
        )
        encoder = encoder_variables(net)
        optimizer = build_optimizer(config.optimizer, schedule, encoder=encoder)
        segmenter.compile(optimizer=optimizer, jit_compile=device.jit)
        segmenter.optimizer.build(net.trainable_variables)
    cache = {"cache": config.data.cache, "cache_dir": cache_folder(config.data.cache_dir)}
    return Session(
        config=config,
        catalog=catalog,
        segmenter=segmenter,
        schedule=schedule,
        predictor=GraphPredictor(
            build_graph(config, catalog, averaged), describe_model(config, catalog)
        ),
        decoder=Decoder(catalog, "train", **cache),
        validation=validation_dataset(
            catalog,
            Decoder(catalog, "val", **cache),
            split="val",
            batch_size=config.train.batch_size // config.train.accumulate,
            workers=config.data.workers,
        ),
        group=group,
        device=device,
    )
