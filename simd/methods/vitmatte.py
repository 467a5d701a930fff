"""The method `vitmatte`: a plain vision transformer for matting, through the library transformers.

"ViTMatte", Information Fusion 2024 (Yao et al.). Image normalisation and the size divisor are those of the
checkpoint's own preprocessor file: the library's defaults differ from what the authors trained with.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import VitMatteConfig, VitMatteForImageMatting, VitMatteImageProcessorPil
from transformers.utils import logging

from simd.errors import DataError, first_line
from simd.image import UInt8
from simd.methods.runtime.check_inputs import Float32, check_arrays
from simd.methods.runtime.devices import check_device, check_device_memory, full_precision, memory_in_words
from simd.methods.runtime.preprocess import Postprocessing, Preprocessing

_GIGABYTES = 0.9  # PyTorch, the library, the network
_GIGABYTES_PER_MEGAPIXEL = 1.2  # the decoder's maps at full size; measured at 0.3 to 1 megapixels
_SCORE_COPIES = 3.3  # arrays of attention scores that live at once; measured on 1000 x 1000, 2000 x 2000
_SMALLER = "smaller images"
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class VitMatte:
    """A ViTMatte network and what goes into it; made by :func:`load_vitmatte`."""

    network: VitMatteForImageMatting
    inputs: Preprocessing
    checkpoint_digest: str
    device: torch.device
    dtype: str
    name: str = "vitmatte"

    @property
    def version(self) -> str:
        """What the result depends on besides the weights."""
        return f"transformers {transformers.__version__}, {self.dtype} on {self.device.type}"

    def gigabytes(self, megapixels: float) -> float:
        """Estimate the peak memory of a prediction, on the host."""
        return _GIGABYTES + (self._network_gigabytes(megapixels) if self.device.type == "cpu" else _GIGABYTES)

    def predict(self, image: UInt8, trimap: UInt8) -> Float32:
        """Predict the matte, float32 (H, W) in [0, 1]; known pixels are those of the trimap.

        Raises
        ------
        DataError
            If the arrays do not fit each other, or the memory is not enough: the image is solved whole.
        """
        check_arrays(image, trimap)
        self._check_device_memory(trimap.size / 1e6)
        parts = self.inputs.parts(image, trimap)
        pixels = torch.from_numpy(np.concatenate([parts["image"], parts["trimap"]])[None])  # (1, 4, H, W)
        with memory_in_words("vitmatte", self.device, _SMALLER), torch.inference_mode(), full_precision():
            solved = self.network(pixel_values=pixels.to(self.device, _DTYPES[self.dtype])).alphas
        raw = np.asarray(solved[0, 0].float().cpu(), dtype=np.float32)
        return Postprocessing().alpha(raw, self.inputs, trimap)

    def _network_gigabytes(self, megapixels: float) -> float:
        """Return the larger of what global attention needs, and then the decoder."""
        backbone = self.network.config.backbone_config
        tokens = max(1e6 * megapixels, 32 * 32) / backbone.patch_size**2
        attention = _SCORE_COPIES * 4 * backbone.num_attention_heads * tokens**2 / 1e9
        return float(max(attention, _GIGABYTES_PER_MEGAPIXEL * megapixels))

    def _check_device_memory(self, megapixels: float) -> None:
        needed = self._network_gigabytes(megapixels) * _DTYPES[self.dtype].itemsize / 4
        check_device_memory("vitmatte", needed, megapixels, self.device, _SMALLER)


def load_vitmatte(
    *, weights: str | None = None, device: str = "cpu", dtype: str = "float32", threads: int | None = None
) -> VitMatte:
    """Load the method `vitmatte`.

    Parameters
    ----------
    weights : str
        A folder as ``save_pretrained`` writes it, or a name on the Hugging Face hub ("owner/name"), from
        which transformers then downloads into its cache. There is no default.
    device : str
        "cpu", "cuda", "cuda:1", "mps".
    dtype : str
        "float32", "bfloat16", and on a GPU "float16".
    threads : int, optional
        Of PyTorch; by default as many as it takes by itself.

    Raises
    ------
    DataError
        If there are no weights, they are not whole, or are another network's.
    """
    if weights is None:
        raise DataError(
            "the method vitmatte needs weights and never runs on random ones: give --weights FOLDER with "
            "config.json, preprocessor_config.json and model.safetensors, or --weights OWNER/NAME of the hub"
        )
    torch_device = check_device(device, dtype, _DTYPES)
    if threads is not None:
        torch.set_num_threads(threads)
    network, processor = _load(weights)
    inputs = preprocessing_of(processor, weights)
    digest = _digest(network, processor)
    network.to(torch_device, _DTYPES[dtype]).eval()
    return VitMatte(network, inputs, checkpoint_digest=digest, device=torch_device, dtype=dtype)


def preprocessing_of(processor: VitMatteImageProcessorPil, weights: str) -> Preprocessing:
    """Declare what a checkpoint's preprocessor file says.

    Raises
    ------
    DataError
        If it scales by anything but 1/255 or nothing: then the trimap too would hold other values than the
        network was trained with.
    """
    factor = processor.rescale_factor if processor.do_rescale else 1.0
    if not np.isclose(factor * 255, [1, 255]).any():
        raise DataError(
            f"{weights}: preprocessor_config.json has rescale_factor {factor:.6g}; vitmatte takes 1/255, "
            "or do_rescale false"
        )
    normalises = processor.do_normalize
    return Preprocessing(
        range=255.0 * factor,
        mean=tuple(processor.image_mean) if normalises else (0.0, 0.0, 0.0),
        std=tuple(processor.image_std) if normalises else (1.0, 1.0, 1.0),
        trimap="fraction" if factor < 1 else "levels",
        multiple=processor.size_divisor if processor.do_pad else 1,
    )


def _load(weights: str) -> tuple[VitMatteForImageMatting, VitMatteImageProcessorPil]:
    """Load network and preprocessor; every tensor of the network must come from the file."""
    _check_folder(weights)
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()  # what it would warn of, missing tensors, is an error here
    try:
        kind = VitMatteConfig.get_config_dict(weights)[0].get("model_type")
        if kind != "vitmatte":
            raise DataError(f"{weights}: holds a network of the kind {kind!r}, not 'vitmatte'")
        processor = VitMatteImageProcessorPil.from_pretrained(weights)
        network, info = VitMatteForImageMatting.from_pretrained(
            weights, dtype=torch.float32, ignore_mismatched_sizes=True, output_loading_info=True
        )
    except DataError:
        raise
    except Exception as error:  # the library raises what it likes on damaged and missing files
        raise DataError(
            f"{weights}: the weights cannot be loaded ({first_line(error)}); a folder needs config.json, "
            "preprocessor_config.json and model.safetensors, a name of the hub needs the network"
        ) from error
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
    problems = {
        "missing": sorted(info["missing_keys"]),
        "too many": sorted(info["unexpected_keys"]),
        "of another shape": sorted(entry[0] for entry in info["mismatched_keys"]),
    }
    complaints = [f"{len(names)} are {what} ({names[0]} first)" for what, names in problems.items() if names]
    if complaints:
        raise DataError(f"{weights}: is not a whole ViTMatte; of its tensors {', '.join(complaints)}")
    return network, processor


def _check_folder(weights: str) -> None:
    folder = Path(weights)
    if folder.is_file():
        raise DataError(f"{weights}: is a file; weights of vitmatte are the folder with its config.json")
    if folder.is_dir():
        for name in ("config.json", "preprocessor_config.json"):
            if not (folder / name).is_file():
                raise DataError(f"{weights}: has no {name}; give the folder that save_pretrained wrote")
    elif weights.count("/") != 1 or weights.startswith((".", "/", "~")):
        raise DataError(f"{weights}: no such folder, and not OWNER/NAME of the hub either")


def _digest(network: VitMatteForImageMatting, processor: VitMatteImageProcessorPil) -> str:
    """Return the SHA-256 of configuration, tensors and preprocessing, in whatever files they came."""
    digest = hashlib.sha256()
    for fact in (processor.image_mean, processor.image_std, processor.size_divisor):
        digest.update(repr(fact).encode())
    digest.update(network.config.to_json_string().encode())
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.numpy()).data)
    return digest.hexdigest()
