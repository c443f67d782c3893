"""PNG or JPEG bytes to pixels and back, inside the graph; the header is read before the pixels."""

import tensorflow as tf

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_PNG_HEADER = 24  # signature, length and name of IHDR, width, height


def _checked(data: tf.Tensor, condition: tf.Tensor, message: str, *values: tf.Tensor) -> tf.Tensor:
    """`data`, for those who may only see it if `condition` holds: an op that reads the result
    waits for the check, which nothing else makes it do."""
    check = tf.debugging.Assert(condition, [message, *values], summarize=3)
    with tf.control_dependencies([check]):
        return tf.identity(data)


def _png_size(data: tf.Tensor) -> tf.Tensor:
    """int64 (height, width) as the header has it, big-endian."""
    long = tf.strings.length(data) > _PNG_HEADER
    data = _checked(data, long, "image_bytes: a PNG that ends in its header")
    named = tf.equal(tf.strings.substr(data, 12, 4), b"IHDR")
    data = _checked(data, named, "image_bytes: a PNG without its header")
    octets = tf.cast(tf.io.decode_raw(tf.strings.substr(data, 16, 8), tf.uint8), tf.int64)
    powers = tf.constant([1 << 24, 1 << 16, 1 << 8, 1], tf.int64)
    width, height = tf.reduce_sum(octets[:4] * powers), tf.reduce_sum(octets[4:] * powers)
    return tf.stack([height, width])


def decode_image(data: tf.Tensor, *, max_pixels: int) -> tf.Tensor:
    """One PNG or JPEG, a scalar string, to uint8 RGB (H, W, 3).

    Gray is repeated, a palette looked up, alpha dropped, 16 bits cut to their upper 8; of an
    animated PNG it is the still image. Raises InvalidArgumentError for anything else, for more
    than `max_pixels`, and for damaged data.
    """
    is_png = tf.equal(tf.strings.substr(data, 0, len(_PNG)), _PNG)
    is_jpeg = tf.equal(tf.strings.substr(data, 0, len(_JPEG)), _JPEG)
    data = _checked(data, is_png | is_jpeg, "image_bytes: neither PNG nor JPEG")
    size = tf.cond(
        is_png,
        lambda: _png_size(data),
        lambda: tf.cast(tf.image.extract_jpeg_shape(data)[:2], tf.int64),
    )
    # Sides first: with more than 31 bits each, their product could overflow 64.
    possible = tf.reduce_all((size > 0) & (size < 1 << 31))
    size = _checked(size, possible, "image_bytes: impossible size", size)
    data = _checked(
        data,
        tf.reduce_prod(size) <= max_pixels,
        f"image_bytes: more pixels than serving.max_pixels={max_pixels}; height and width:",
        size,
    )
    image = tf.cond(
        is_png,
        lambda: tf.io.decode_png(data, channels=3),
        lambda: tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"),
    )
    return tf.ensure_shape(image, [None, None, 3])


def encode_uncertainty(uncertainty: tf.Tensor) -> tf.Tensor:
    """float32 (H, W) in 0…1 to the bytes of an 8-bit PNG, in steps of 1 / 255."""
    levels = tf.round(uncertainty * 255.0)
    return tf.io.encode_png(tf.cast(levels, tf.uint8)[..., None])


def encode_labels(labels: tf.Tensor) -> tf.Tensor:
    """uint8 (H, W) to the bytes of an 8-bit PNG."""
    return tf.io.encode_png(labels[..., None])
