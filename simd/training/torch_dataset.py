"""Samples as a PyTorch dataset, for those who have a loop of their own."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from simd.training.loading import SampleSource


class SampleDataset(Dataset[dict[str, Tensor]]):
    """A map of sample numbers to tensors: (3, H, W), (H, W) and a label, as the samples have them, uint8.

    Hand it to a DataLoader with a sampler that counts on from where the training stopped:
    ``DataLoader(SampleDataset(samples), batch_size=16, sampler=range(16 * start, 16 * stop))``. Samples
    come in random order already.

    Parameters
    ----------
    samples : SampleSource
        Such as :class:`~simd.training.samples.Samples`.
    """

    def __init__(self, samples: SampleSource) -> None:
        self.samples = samples

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        return {key: torch.from_numpy(_channels_first(array)) for key, array in self.samples[number].items()}


def _channels_first(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(array.transpose(2, 0, 1)) if array.ndim == 3 else array
