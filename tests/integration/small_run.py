"""Settings of a run that takes seconds: 4 steps an epoch, 3 epochs."""

SMALL = (
    "data.image_size=[32, 64]",
    "model.width=4",
    "model.depth=2",
    "model.padding=reflect",
    "loss.variance=sampled",
    "loss.uncertainty_weight=0.5",
    "train.batch_size=2",
    "train.stages=[{crop_scale: 0.6, epochs: 1}, {crop_scale: 1.0, epochs: 2}]",
    "train.save_every=2",
    "train.validate_every=1",
    "train.panels=1",
    "optimizer.schedule=cosine",
    "optimizer.average_decay=0.9",
    "optimizer.encoder_rate=0.5",
    "optimizer.encoder_frozen=0.25",
    "augment.brightness=0.2",
)
