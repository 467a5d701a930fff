"""The mode in which numbers below the smallest normal one are zero."""

import platform
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from simd.methods.classical.direct.subnormals import subnormals_are_zero

IS_X86 = platform.machine().lower() in ("x86_64", "amd64")


def product():
    return (np.full(4, 1e-30, np.float32) * np.float32(1e-10))[0]  # 1e-40, a subnormal


@pytest.mark.skipif(not IS_X86, reason="the mode is that of x86 processors")
def test_subnormals_are_zero_inside_alone():
    assert product() > 0
    with subnormals_are_zero():
        assert product() == 0
        with subnormals_are_zero():
            assert product() == 0
        assert product() == 0
    assert product() > 0


def test_the_mode_ends_with_an_error_and_is_that_of_one_thread():
    with pytest.raises(ZeroDivisionError), subnormals_are_zero():
        raise ZeroDivisionError
    assert product() > 0
    with ThreadPoolExecutor(1) as pool:
        pool.submit(product).result()  # it is there: a thread begins with the mode of the one that starts it
        with subnormals_are_zero():
            elsewhere = pool.submit(product).result()
    assert elsewhere > 0  # compared here: inside it is zero, too
