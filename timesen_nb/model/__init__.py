"""The model: a pixel's year -> one vector in the space of words and photos, and words -> a classifier there.

    timesenclip      the model as users hold it
    config           what an encoder is
    encoder_weights  its weights, torch when asked for
    graph            weights -> an ONNX graph, by way of graph_products
    inference        vectors by ONNX Runtime
    encoder          the series encoder, in torch
    torch_inference  vectors by torch, on a GPU
    words            which words are known, and are land
    applicability    whether a series is like the training
    towers/          frozen text and photo towers
    teach            words and labels -> a classifier
    linear_probe     labels -> a classifier
    taught_file      classifiers in files
    zeroshot         words -> probabilities
    inputs           series -> what encoders read
    checkpoint       models in files, ours; published: Lightning's
    exported         models as ONNX files; onnx_file writes them
    hub              names -> files
    ablation         the paper's other encoders, in torch
    open_set         the answer "none of these"
    sets             prediction sets: conformal
    list_scales      how sure a list of words may be
    confidence       what was fitted for these, in one file
    patch_images     months as vectors of an image tower
    alike            the most alike of many vectors
    kept_vectors     vectors in half or a quarter of their bytes
    fingerprint      which weights these are, and what they are called in files
    loading          any of these files -> a model

Names are loaded when first used: this package imports nothing heavy, and nothing that answers imports torch.
"""

from typing import TYPE_CHECKING

from timesen_nb.extras import lazy_names

_HOMES = {
    "EncoderConfig": "model.config",
    "OpenZeroShot": "model.open_set",
    "SeriesEncoder": "model.encoder",
    "TimeSenCLIP": "model.timesenclip",
    "ZeroShot": "model.zeroshot",
    "load": "model.loading",
    "make_encoder": "model.ablation",
    "similar": "model.alike",
}

__all__ = [
    "EncoderConfig",
    "OpenZeroShot",
    "SeriesEncoder",
    "TimeSenCLIP",
    "ZeroShot",
    "load",
    "make_encoder",
    "similar",
]

if TYPE_CHECKING:
    from timesen_nb.model.ablation import make_encoder
    from timesen_nb.model.alike import similar
    from timesen_nb.model.config import EncoderConfig
    from timesen_nb.model.encoder import SeriesEncoder
    from timesen_nb.model.loading import load
    from timesen_nb.model.open_set import OpenZeroShot
    from timesen_nb.model.timesenclip import TimeSenCLIP
    from timesen_nb.model.zeroshot import ZeroShot


__getattr__ = lazy_names(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
